"""Connecting to the storage account."""

from typing import Any
from urllib.request import getproxies

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential
from azure.storage.blob.aio import BlobServiceClient

_DEVELOPMENT = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;"
    "AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;"
    "BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;"
)
"""What `UseDevelopmentStorage=true` means, which this SDK does not know: Azurite, with its well-known key."""


def connect(
    address: str, credential: AsyncTokenCredential | None = None, api_version: str | None = None
) -> BlobServiceClient:
    """A client of an account; it opens nothing yet.

    `address` is the account's blob endpoint (`https://name.blob.core.windows.net`), reached with `credential` or else
    the process's own identity; or a connection string. `api_version` is for an Azurite that does not know the SDK's.
    """
    options: dict[str, Any] = {"retry_total": 0, "connection_timeout": 5, "read_timeout": 20}
    # aiohttp would look for a proxy and for a password in a file, in a thread each, before every single request.
    options["use_env_settings"] = bool(getproxies())
    if api_version:
        options["api_version"] = api_version
    if address.startswith("https://"):
        return BlobServiceClient(address, credential or DefaultAzureCredential(), **options)
    if "UseDevelopmentStorage=true" in address:
        address = _DEVELOPMENT
    return BlobServiceClient.from_connection_string(address, **options)
