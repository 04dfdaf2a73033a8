"""Parked events on Cosmos DB: a document each, whose marks are patched."""

import json
from collections.abc import Sequence

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container, Document
from shared.azure.cosmos.expiry import Retention, time_to_live
from shared.azure.cosmos.failures import (
    CHANGED,
    MISSING,
    OperationFailed,
    WrittenMeanwhile,
    retry_when_written_meanwhile,
)
from shared.ingress.parked_event import ParkedEvent

_PARKED: TypeAdapter[ParkedEvent] = TypeAdapter(ParkedEvent)
_NO_LONGER_WAITING: Document = {"op": "set", "path": "/waiting", "value": False}


class CosmosParkedEvents:
    """Implements `ParkedEvents`. `retention` is called for NO_TENANT, too."""

    def __init__(self, container: Container, retention: Retention) -> None:
        self._container = container
        self._retention = retention

    async def park(self, tenant_id: str, event: ParkedEvent) -> None:
        ttl = await time_to_live(self._retention, tenant_id)
        document = self._container.document(
            (tenant_id,), event.id, ttl=ttl, position=event.position, waiting=True, event=json.loads(event.to_json())
        )
        await retry_when_written_meanwhile(self._park, (tenant_id,), document)

    async def _park(self, partition: tuple[str], document: Document) -> None:
        try:
            await self._container.create("park", partition, document)
        except OperationFailed:
            stored = await self._container.read("park", partition, document["id"])
            if stored is None:
                raise WrittenMeanwhile from None
            if _event(stored).replaying_at is not None:
                await self._replace(partition, document, stored["_etag"])

    async def _replace(self, partition: tuple[str], document: Document, etag: str) -> None:
        try:
            await self._container.replace("park", partition, document, etag)
        except OperationFailed as failed:
            raise WrittenMeanwhile from failed

    async def parked(
        self, tenant_id: str, *, after: str | None = None, limit: int = 1000, replayed: bool = False
    ) -> Sequence[ParkedEvent]:
        waiting = "" if replayed else " AND c.waiting = true"
        documents = await self._container.query(
            "parked",
            (tenant_id,),
            f"SELECT TOP {limit} * FROM c"  # noqa: S608  # constants
            f" WHERE c.tenantId = @tenant AND c.position > @after{waiting} ORDER BY c.position",
            tenant=tenant_id,
            after=after or "",
        )
        return [_event(document) for document in documents]

    async def get(self, tenant_id: str, event_id: str) -> ParkedEvent | None:
        document = await self._container.read("get", (tenant_id,), event_id)
        return _event(document) if document else None

    async def delete(self, tenant_id: str, event_id: str) -> None:
        await retry_when_written_meanwhile(self._delete, (tenant_id,), event_id)

    async def _delete(self, partition: tuple[str], event_id: str) -> None:
        stored = await self._container.read("delete", partition, event_id)
        if stored is None:
            return
        try:
            await self._container.delete("delete", partition, event_id, stored["_etag"])
        except OperationFailed as failed:
            # A replay marked it in between, or another process deleted it.
            raise WrittenMeanwhile from failed

    async def mark_replaying(self, tenant_id: str, event_id: str, at: str) -> None:
        await self._mark("mark_replaying", tenant_id, event_id, [_set("/event/replayingAt", at)])

    async def mark_replayed(self, tenant_id: str, event_id: str, at: str) -> None:
        changes = [_set("/event/replayedAt", at), _NO_LONGER_WAITING]
        condition = f"FROM c WHERE c.event.replayingAt = {json.dumps(at)}"
        await self._mark("mark_replayed", tenant_id, event_id, changes, condition)

    async def _mark(
        self, operation: str, tenant_id: str, event_id: str, changes: list[Document], condition: str | None = None
    ) -> None:
        try:
            await self._container.patch(operation, (tenant_id,), event_id, changes, condition)
        except OperationFailed as failed:
            if failed.status not in (MISSING, CHANGED):
                raise


def _set(path: str, value: str) -> Document:
    return {"op": "set", "path": path, "value": value}


def _event(document: Document) -> ParkedEvent:
    return _PARKED.validate_json(json.dumps(document["event"]))
