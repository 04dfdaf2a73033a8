"""Requests to one container, with session tokens, bounded retries and reported charges."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import Any, TypeVar

import stamina
from azure.core import MatchConditions
from azure.core.exceptions import AzureError
from azure.cosmos.aio import ContainerProxy

from shared.azure.cosmos.charge import Charges, Meter, unobserved
from shared.azure.cosmos.client import Cosmos
from shared.azure.cosmos.containers import ContainerDefinition
from shared.azure.cosmos.failures import MISSING, OperationFailed, TransientFailure, meaning_of, wait_before_another_try
from shared.azure.cosmos.keys import Partition, can_exist
from shared.azure.cosmos.session import SessionTokens
from shared.errors import StoreUnavailable

T = TypeVar("T")
Document = dict[str, Any]
Operation = tuple[str, tuple[Any, ...], dict[str, Any]]
"""One operation of a transactional batch, as the SDK takes it."""

TIMEOUT = timedelta(seconds=30)
"""How long one request is retried; well below the time that a handler has."""
_PAGE = 1000
"""The most documents in one answer; 4 MB are its other limit."""


class Container:
    """One container. A method reports its requests under the name of the `operation` that it is called for.

    Each raises StoreUnavailable if the store stays out of reach, throttles, or is too slow; a write may have been
    carried out nevertheless.
    """

    def __init__(
        self,
        cosmos: Cosmos,
        definition: ContainerDefinition,
        charges: Charges = unobserved,
        timeout: timedelta = TIMEOUT,
    ) -> None:
        self._cosmos = cosmos
        self._definition = definition
        self._charges = charges
        self._tokens = SessionTokens()
        self._retrying = stamina.AsyncRetryingCaller(
            attempts=None, timeout=timeout, wait_initial=0.02, wait_max=2, wait_jitter=0.1
        )

    def document(self, partition: Partition, document_id: str, **members: Any) -> Document:
        """A document with its id and the members of its partition key; members that are None are left out."""
        given = {name: value for name, value in members.items() if value is not None}
        return {"id": document_id, **dict(zip(self._definition.members, partition, strict=True)), **given}

    async def read(self, operation: str, partition: Partition, document_id: str) -> Document | None:
        """The document, by a point read; None if there is none."""
        if not can_exist(partition, document_id):
            return None

        async def send(container: ContainerProxy, options: dict[str, Any]) -> Document:
            return await container.read_item(document_id, self._key(partition), **self._reading(partition), **options)

        try:
            return await self._call(operation, partition, send)
        except OperationFailed as failed:
            if failed.status == MISSING:
                return None
            raise

    async def create(self, operation: str, partition: Partition, document: Document) -> None:
        """Create the document. Raises OperationFailed with 409 if it exists."""
        await self._call(operation, partition, lambda container, options: container.create_item(document, **options))

    async def replace(self, operation: str, partition: Partition, document: Document, etag: str) -> str:
        """Replace the document. Returns its new ETag. Raises OperationFailed with 404 or 412."""

        async def send(container: ContainerProxy, options: dict[str, Any]) -> str:
            written = await container.replace_item(
                document["id"], document, etag=etag, match_condition=MatchConditions.IfNotModified, **options
            )
            return str(written.get_response_headers()["etag"])

        return await self._call(operation, partition, send)

    async def delete(self, operation: str, partition: Partition, document_id: str, etag: str) -> None:
        """Delete the document. Raises OperationFailed with 404 or 412."""
        _refuse_impossible(partition, document_id)

        async def send(container: ContainerProxy, options: dict[str, Any]) -> None:
            await container.delete_item(
                document_id,
                self._key(partition),
                etag=etag,
                match_condition=MatchConditions.IfNotModified,
                **options,
            )

        await self._call(operation, partition, send)

    async def patch(
        self,
        operation: str,
        partition: Partition,
        document_id: str,
        changes: Sequence[Document],
        condition: str | None = None,
    ) -> None:
        """Change members of the document if the condition holds. Raises OperationFailed with 404 or 412."""
        _refuse_impossible(partition, document_id)

        async def send(container: ContainerProxy, options: dict[str, Any]) -> None:
            await container.patch_item(
                document_id, self._key(partition), list(changes), filter_predicate=condition, **options
            )

        await self._call(operation, partition, send)

    async def batch(self, operation: str, partition: Partition, operations: Sequence[Operation]) -> list[str]:
        """Carry out all operations or none. Returns their documents' ETags ("" where there is none).

        Raises OperationFailed with the index of the first that failed.
        """

        async def send(container: ContainerProxy, options: dict[str, Any]) -> list[str]:
            # The SDK removes the guards from its arguments: the same operations sent again would have none.
            own = [(name, arguments, dict(guards)) for name, arguments, guards in operations]
            done = await container.execute_item_batch(own, self._key(partition), **options)
            return [str(each.get("eTag", "")) for each in done]

        return await self._call(operation, partition, send)

    async def query(self, operation: str, partition: Partition, sql: str, **parameters: Any) -> list[Any]:
        """All results in the partition; `partition` may be only the first values of the key."""
        return [each for page in await self.query_pages(operation, partition, sql, **parameters) for each in page]

    async def query_pages(self, operation: str, partition: Partition, sql: str, **parameters: Any) -> list[list[Any]]:
        """The results of each request as a list; only those of one request are of one moment."""
        if not can_exist(partition):
            return []
        given = [{"name": f"@{name}", "value": value} for name, value in parameters.items()]

        async def send(container: ContainerProxy, options: dict[str, Any]) -> list[list[Any]]:
            pages = container.query_items(
                sql,
                parameters=given,
                partition_key=self._key(partition),
                max_item_count=_PAGE,
                **self._reading(partition),
                **options,
            ).by_page()
            return [[each async for each in page] async for page in pages]

        return await self._call(operation, partition, send)

    def _key(self, partition: Partition) -> Any:
        return list(partition) if len(self._definition.partition_key) > 1 else partition[0]

    def _reading(self, partition: Partition) -> dict[str, Any]:
        token = self._tokens.of(partition)
        return {"session_token": token} if token else {}

    async def _call(
        self,
        operation: str,
        partition: Partition,
        send: Callable[[ContainerProxy, dict[str, Any]], Awaitable[T]],
    ) -> T:
        refused: list[str | None] = []

        async def attempt() -> T:
            sent = self._tokens.of(partition)
            try:
                return await self._try(operation, partition, send)
            except TransientFailure as failure:
                if failure.session_lost:
                    # A replica that is behind has the write by the next try. No replica has what a token names that
                    # is refused twice.
                    if sent in refused:
                        self._tokens.discard(partition, sent)
                    refused.append(sent)
                raise

        try:
            return await self._retrying(wait_before_another_try, attempt)
        except TransientFailure as failure:
            raise StoreUnavailable(str(failure)) from failure

    async def _try(
        self,
        operation: str,
        partition: Partition,
        send: Callable[[ContainerProxy, dict[str, Any]], Awaitable[T]],
    ) -> T:
        meter = Meter(operation, self._definition.id, self._charges, lambda token: self._note(partition, token))
        try:
            return await send(await self._cosmos.container(self._definition.id), dict(meter.hooks()))
        except AzureError as error:
            meaning = meaning_of(error)
            if meaning is error:
                raise
            raise meaning from error
        finally:
            meter.close()

    def _note(self, partition: Partition, token: str) -> None:
        if len(partition) == len(self._definition.partition_key):
            self._tokens.note(partition, token)


def _refuse_impossible(partition: Partition, document_id: str) -> None:
    """Raises OperationFailed with 404 for an id that no document has: its URL would name something else."""
    if not can_exist(partition, document_id):
        raise OperationFailed(MISSING)
