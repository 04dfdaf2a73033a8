"""The containers, defined once: for emulators and tests, and to compare with what the deployment declares."""

from dataclasses import dataclass
from typing import Any

from azure.cosmos import PartitionKey
from azure.cosmos.aio import CosmosClient

EXPIRES_WHERE_SET = -1
"""A container's default: documents live for the seconds in their `ttl`, and for ever without one."""


@dataclass(frozen=True)
class ContainerDefinition:
    """A container. `partition_key` are paths, coarse to fine; only they and the paths in `searched` are indexed.

    Those of each tuple in `composite` are indexed together, too. `default_ttl` is None if nothing expires.
    """

    id: str
    partition_key: tuple[str, ...]
    searched: tuple[str, ...]
    default_ttl: int | None
    composite: tuple[tuple[str, ...], ...] = ()

    @property
    def indexed(self) -> tuple[str, ...]:
        """The paths that are indexed.

        Cosmos does not index a partition key by itself, and then looks at documents of other tenants for each query.
        """
        return (*(f"{path}/?" for path in self.partition_key), *self.searched)

    @property
    def indexing_policy(self) -> dict[str, Any]:
        """The policy as Cosmos takes it."""
        return {
            "indexingMode": "consistent",
            "automatic": True,
            "includedPaths": [{"path": path} for path in self.indexed],
            "excludedPaths": [{"path": "/*"}],
            "compositeIndexes": [[{"path": path, "order": "ascending"} for path in paths] for paths in self.composite],
        }

    @property
    def members(self) -> tuple[str, ...]:
        """The members of a document that make its partition key."""
        return tuple(path.removeprefix("/") for path in self.partition_key)


LEADING: tuple[tuple[str, str], ...] = (
    ("queue", "started"),
    ("queue", "waiting"),
    ("channel", "started"),
    ("channel", "waiting"),
    ("bot", "started"),
    ("state", "started"),
)
"""Filters that many heads pass, each with an order of the list for which an index has only those heads.

Such an index is a term more at every write that changes filter or order. The activity changes at every commit, so no
order by activity has one.
"""

CONVERSATIONS = ContainerDefinition(
    "conversations",
    ("/tenantId", "/conversationKey"),
    # Heads alone have these: no list reads a fact or a decision.
    (
        "/key/?",
        "/state/?",
        "/queue/?",
        "/bot/?",
        "/channel/?",
        "/attention/?",
        "/warnings/[]/?",
        "/customer/?",
        "/started/?",
        "/activity/?",
        "/waiting/?",
        "/attentionAt/?",
        "/unpostedMonth/?",
    ),
    EXPIRES_WHERE_SET,
    tuple((f"/{name}", f"/{sort}") for name, sort in LEADING),
)
THREADS = ContainerDefinition("threads", ("/tenantId", "/threadKey"), (), EXPIRES_WHERE_SET)
LEDGER = ContainerDefinition(
    "ledger",
    ("/tenantId", "/period"),
    # Rows have the first two, counting documents the next two, reports the last.
    ("/key/?", "/standing/?", "/day/?", "/firstOf/?", "/version/?"),
    EXPIRES_WHERE_SET,
)
CONFIGURATIONS = ContainerDefinition("configurations", ("/tenantId",), ("/number/?",), None)
PARKED = ContainerDefinition("parked", ("/tenantId",), ("/position/?", "/waiting/?"), EXPIRES_WHERE_SET)

CONTAINERS = (CONVERSATIONS, THREADS, LEDGER, CONFIGURATIONS, PARKED)


async def create_containers(client: CosmosClient, database: str) -> None:
    """Create the database and its containers where they are missing, on an emulator; a deployment declares its own."""
    created = await client.create_database_if_not_exists(database)
    for definition in CONTAINERS:
        hierarchical = len(definition.partition_key) > 1
        await created.create_container_if_not_exists(
            id=definition.id,
            partition_key=PartitionKey(path=list(definition.partition_key), kind="MultiHash")
            if hierarchical
            else PartitionKey(path=definition.partition_key[0]),
            indexing_policy=definition.indexing_policy,
            default_ttl=definition.default_ttl,
        )
