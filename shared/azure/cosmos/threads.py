"""The thread documents on Cosmos DB: a point read, a create or a replace."""

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container
from shared.azure.cosmos.expiry import Retention, time_to_live
from shared.azure.cosmos.failures import OperationFailed
from shared.errors import ThreadChanged
from shared.threads.thread import Thread

_THREAD: TypeAdapter[Thread] = TypeAdapter(Thread)
_ID = "thread"


class CosmosThreads:
    """Implements `ThreadStore`. A save that is repeated after a lost answer raises ThreadChanged."""

    def __init__(self, container: Container, retention: Retention) -> None:
        self._container = container
        self._retention = retention

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        document = await self._container.read("load", (tenant_id, key), _ID)
        return (_THREAD.validate_json(document["document"]), document["_etag"]) if document else None

    async def save(self, tenant_id: str, key: str, thread: Thread, etag: str | None) -> None:
        partition = (tenant_id, key)
        ttl = await time_to_live(self._retention, tenant_id)
        document = self._container.document(partition, _ID, ttl=ttl, document=thread.to_json())
        try:
            if etag is None:
                await self._container.create("save", partition, document)
            else:
                await self._container.replace("save", partition, document, etag)
        except OperationFailed as failed:
            raise ThreadChanged from failed
