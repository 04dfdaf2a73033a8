"""Connecting to the Cosmos DB account."""

from shared.azure.cosmos.client import Cosmos

_ENDPOINT, _KEY = "AccountEndpoint", "AccountKey"


def connect(address: str, database: str) -> Cosmos:
    """A connection to the database; it opens nothing yet.

    `address` is the account's endpoint, reached with the process's own identity, or an emulator's connection string.
    """
    if f"{_ENDPOINT}=" not in address:
        return Cosmos(address, database)
    parts = dict(part.split("=", 1) for part in address.split(";") if "=" in part)
    return Cosmos(parts[_ENDPOINT], database, parts[_KEY])
