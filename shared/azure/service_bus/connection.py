"""Connecting to the Service Bus namespace."""

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential
from azure.servicebus.aio import ServiceBusClient

TRY_SECONDS = 10.0
"""How long one attempt at any operation may take; a managed identity's first token alone can take two seconds."""


def connect(
    address: str, credential: AsyncTokenCredential | None = None, try_seconds: float = TRY_SECONDS
) -> ServiceBusClient:
    """A client of a namespace; it opens nothing yet.

    `address` is the namespace's fully qualified name (`name.servicebus.windows.net`), reached with `credential` or else
    the process's own identity; or a connection string, as the emulators ask for.
    """
    # The SDK's retries would open one broken link several times at once, and an aio link opened so stays broken.
    if "Endpoint=" in address:
        return ServiceBusClient.from_connection_string(address, retry_total=0, try_timeout=try_seconds)
    return ServiceBusClient(address, credential or DefaultAzureCredential(), retry_total=0, try_timeout=try_seconds)
