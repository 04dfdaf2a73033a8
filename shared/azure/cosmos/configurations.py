"""Configurations on Cosmos DB.

A tenant has a document per version, one that names the latest, and one with its secret. One more lists all tenants.
"""

import base64
from collections.abc import Sequence
from datetime import datetime

from pydantic import TypeAdapter

from shared.azure.cosmos.container import Container, Document, Operation
from shared.azure.cosmos.failures import CONFLICT, MISSING, OperationFailed
from shared.azure.cosmos.keys import TENANTS
from shared.errors import VersionConflict
from shared.slices import in_slices
from shared.tenants.configuration import Configuration
from shared.tenants.history import History, Version

_CONFIGURATION: TypeAdapter[Configuration] = TypeAdapter(Configuration)
_CURRENT = "current"
_SECRET = "secret"  # noqa: S105  # a document's id


class CosmosConfigurations:
    """Implements `ConfigurationStore`. Versions never change, so a process reads each one once."""

    def __init__(self, container: Container) -> None:
        self._container = container
        self._known: dict[str, list[Version]] = {}

    async def tenants(self) -> Sequence[str]:
        document = await self._container.read("tenants", (TENANTS,), TENANTS)
        return sorted(document["names"].values()) if document else []

    async def history(self, tenant_id: str) -> History | None:
        partition = (tenant_id,)
        current = await self._container.read("history", partition, _CURRENT)
        if current is None:
            return None
        known = self._known.get(tenant_id, [])
        latest = known[-1].number if known else 0
        if latest < current["latest"]:
            query = "SELECT * FROM c WHERE c.tenantId = @tenant AND c.number > @known ORDER BY c.number"
            newer = await self._container.query("history", partition, query, tenant=tenant_id, known=latest)
            known = self._known[tenant_id] = [*known, *await in_slices(map(_version, newer))]
        return History(tuple(known))

    async def secret(self, tenant_id: str) -> bytes | None:
        document = await self._container.read("secret", (tenant_id,), _SECRET)
        return base64.b64decode(document["secret"]) if document else None

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        # A listed tenant without a version does no harm; one that is not listed would be unknown to timers.
        await self._list(tenant_id)
        beside = self._container.document((tenant_id,), _SECRET, secret=base64.b64encode(secret).decode())
        await self._add(tenant_id, first, beside)

    async def add(self, tenant_id: str, version: Version) -> None:
        await self._add(tenant_id, version)

    async def _add(self, tenant_id: str, version: Version, *beside: Document) -> None:
        partition = (tenant_id,)
        document = self._container.document(
            partition,
            f"version:{version.number}",
            number=version.number,
            inForceFrom=version.in_force_from.isoformat(),
            document=version.configuration.to_json(),
        )
        current = self._container.document(partition, _CURRENT, latest=version.number)
        creates: list[Operation] = [("create", (each,), {}) for each in (document, *beside)]
        try:
            await self._container.batch("add", partition, [*creates, ("upsert", (current,), {})])
        except OperationFailed as failed:
            if not all([await self._is_stored(partition, each) for each in (document, *beside)]):
                raise VersionConflict(version.number) from failed

    async def _is_stored(self, partition: tuple[str], document: Document) -> bool:
        """True if the document is stored: then this very call stored it, and its answer was lost."""
        stored = await self._container.read("add", partition, document["id"]) or {}
        return all(stored.get(name) == value for name, value in document.items())

    async def _list(self, tenant_id: str) -> None:
        """Add the tenant to the list."""
        # A number as a segment of a patch's path would be taken for an array's index.
        name = f"tenant-{tenant_id}"
        change = {"op": "set", "path": f"/names/{name}", "value": tenant_id}
        try:
            await self._container.patch("add", (TENANTS,), TENANTS, [change])
        except OperationFailed as failed:
            if failed.status != MISSING:
                raise
            await self._create_list(change, {name: tenant_id})

    async def _create_list(self, change: Document, names: dict[str, str]) -> None:
        try:
            await self._container.create("add", (TENANTS,), self._container.document((TENANTS,), TENANTS, names=names))
        except OperationFailed as failed:
            if failed.status != CONFLICT:
                raise
            await self._container.patch("add", (TENANTS,), TENANTS, [change])


def _version(document: Document) -> Version:
    configuration = _CONFIGURATION.validate_json(document["document"])
    return Version(document["number"], datetime.fromisoformat(document["inForceFrom"]), configuration)
