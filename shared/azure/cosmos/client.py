"""The connection to one database: made on first use, once, even if many ask for it at the same time."""

import asyncio
from collections.abc import Callable
from typing import Any
from urllib.request import getproxies

from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpTransport
from azure.cosmos.aio import ContainerProxy, CosmosClient
from azure.identity.aio import DefaultAzureCredential

from shared.azure.cosmos.containers import CONFIGURATIONS
from shared.azure.cosmos.schema import refuse_another_schema

CONNECT_SECONDS = 5
ANSWER_SECONDS = 10
"""Far more than any request here takes; waiting longer would be in vain."""


class Cosmos:
    """One account and database; a process has one. Nothing is connected before its first use.

    `key` is for emulators, which know no identities; without one the managed identity is used. `transport` makes
    the HTTP transport of a client.
    """

    def __init__(
        self,
        endpoint: str,
        database: str,
        key: str | None = None,
        transport: Callable[[], AsyncHttpTransport[Any, Any]] | None = None,
    ) -> None:
        self.database = database
        self._endpoint = endpoint
        self._key = key
        self._transport = transport or _plain_transport
        self._credential: DefaultAzureCredential | None = None
        self._client: CosmosClient | None = None
        self._containers: dict[str, ContainerProxy] = {}
        self._schema_is_ours = False
        self._connecting = asyncio.Lock()

    async def client(self) -> CosmosClient:
        """The connected client."""
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    self._client = await self._connect()
        return self._client

    async def container(self, container_id: str) -> ContainerProxy:
        """The container; always the same object, so that its properties are read once. Raises SchemaDiffers."""
        client = await self.client()
        if not self._schema_is_ours:
            async with self._connecting:
                if not self._schema_is_ours:
                    await refuse_another_schema(self._container(client, CONFIGURATIONS.id), self.database)
                    self._schema_is_ours = True
        return self._container(client, container_id)

    def _container(self, client: CosmosClient, container_id: str) -> ContainerProxy:
        if container_id not in self._containers:
            database = client.get_database_client(self.database)
            self._containers[container_id] = database.get_container_client(container_id)
        return self._containers[container_id]

    async def close(self) -> None:
        """Close the connection; the next use opens it anew."""
        client, credential, self._client, self._credential = self._client, self._credential, None, None
        self._containers.clear()
        if client is not None:
            await client.close()
        if credential is not None:
            await credential.close()

    async def _connect(self) -> CosmosClient:
        client = self._new_client()
        try:
            # Without this the SDK would not know the account's consistency, and would send no session tokens.
            await client.__aenter__()
        except BaseException:
            await client.close()
            raise
        return client

    def _new_client(self) -> CosmosClient:
        if self._key is None and self._credential is None:
            self._credential = DefaultAzureCredential()
        return CosmosClient(
            self._endpoint,
            self._key or self._credential,  # type: ignore[arg-type]  # one of the two is there
            connection_timeout=CONNECT_SECONDS,
            read_timeout=ANSWER_SECONDS,
            # The least that the SDK takes (it ignores 0). All other retries are made, and reported, by `Container`.
            retry_throttle_total=1,
            retry_connect=0,
            retry_read=0,
            # Emulators name an endpoint that may not be reachable from here.
            enable_endpoint_discovery=self._key is None,
            no_response_on_write=True,
            enable_compact_utf8_item_writes=True,
            transport=self._transport(),
        )


def _plain_transport() -> AioHttpTransport:
    # aiohttp would look for a proxy and for a password in a file, in a thread each, before every single request: that
    # is half of what a point read takes.
    return AioHttpTransport(use_env_settings=bool(getproxies()))
