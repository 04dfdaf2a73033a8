"""The document that says in which version of the schema a database is written."""

from typing import Any

from azure.cosmos.aio import ContainerProxy
from azure.cosmos.exceptions import CosmosResourceExistsError, CosmosResourceNotFoundError

from shared.azure.cosmos.failures import TransientFailure
from shared.azure.cosmos.keys import SCHEMA, TENANTS
from shared.schema import SCHEMA_VERSION, SchemaDiffers


async def refuse_another_schema(configurations: ContainerProxy, database: str) -> None:
    """Raise SchemaDiffers if the database is written in another version; a new database gets this one.

    It is a point read, but for the first start: the app's role may write documents, and create no containers.
    """
    stored = await _read(configurations, SCHEMA)
    if stored is None and await _read(configurations, TENANTS) is None:
        try:
            await configurations.create_item({"id": SCHEMA, "tenantId": SCHEMA, "version": SCHEMA_VERSION})
        except CosmosResourceExistsError as created:
            raise TransientFailure("another process has just written the schema's version") from created
        return
    found = stored["version"] if stored else None
    if found != SCHEMA_VERSION:
        raise SchemaDiffers(f"the database {database}", found, "PATCHBAY_COSMOS_DATABASE")


async def _read(container: ContainerProxy, document_id: str) -> dict[str, Any] | None:
    try:
        return await container.read_item(document_id, document_id)
    except CosmosResourceNotFoundError as missing:
        if missing.sub_status:  # of the container or the session, not of the document
            raise
        return None
