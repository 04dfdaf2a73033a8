"""The wrapper of ports: each call is a span that says where it went; an answer is no failure."""

import inspect
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from shared.azure.blob.archive import BlobArchive
from shared.azure.blob.overflow import BlobOverflow
from shared.azure.cosmos.conversations import CosmosConversations
from shared.azure.cosmos.ledger import CosmosLedger
from shared.azure.cosmos.parked import CosmosParkedEvents
from shared.azure.cosmos.reports import CosmosReports
from shared.azure.cosmos.threads import CosmosThreads
from shared.conversations.ports import ConversationStore, FactExists
from shared.effects.archive import Archive
from shared.embedded.archive import FolderArchive
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.overflow import EmbeddedOverflow
from shared.embedded.tenants import EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads
from shared.errors import HeadChanged, StoreUnavailable
from shared.events.overflow import Overflow
from shared.ingress.parked_event import ParkedEvents
from shared.telemetry import KEY, TENANT
from shared.threads.resolve import ThreadStore
from shared.traced.ports import traced_port
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.monthly_usage import UsageReports
from tests.observed import Observed
from tests.usage.test_ledger_row import row


class Port:
    """A port with every kind of method."""

    def __init__(self, failure: Exception | None = None) -> None:
        self._failure = failure
        self.size = 3

    async def load(self, tenant_id: str, key: str, *, limit: int = 1) -> tuple[str, str, int]:
        if self._failure:
            raise self._failure
        return tenant_id, key, limit

    async def append(self, tenant_id: str, key: str) -> None:
        if self._failure:
            raise self._failure

    async def put(self, tenant_id: str, place: str) -> None: ...

    async def post(self, tenant_id: str, row: LedgerRow) -> None: ...

    async def months(self, tenant_id: str) -> list[str]:
        return []

    def count(self) -> int:
        return self.size


def attributes(observed: Observed, name: str) -> dict[str, Any]:
    return dict(observed.the(name).attributes or {})


async def test_a_call_is_a_span_and_gives_what_the_port_gives(observed: Observed) -> None:
    # Given a port behind the wrapper
    port = traced_port(Port(), observed.telemetry, "sqlite", "things")
    # When a method is called, with arguments by place and by name
    assert await port.load("contoso", key="k1", limit=2) == ("contoso", "k1", 2)
    # Then the span says what was asked where, for whom, and about which conversation
    assert attributes(observed, "load things") == {
        "db.system.name": "sqlite",
        "db.collection.name": "things",
        "db.operation.name": "load",
        TENANT: "contoso",
        KEY: "k1",
    }


async def test_the_conversation_is_found_however_a_method_names_it(observed: Observed) -> None:
    # Given methods that name a conversation by its place, in a document, or not at all
    port = traced_port(Port(), observed.telemetry, "sqlite", "things")
    # When they are called
    await port.put("contoso", "k1")
    await port.post("contoso", row("c2"))
    await port.months("contoso")
    # Then each span has its key, or none
    keys = [attributes(observed, f"{name} things").get(KEY) for name in ("put", "post", "months")]
    assert keys == ["k1", "c2", None]


async def test_only_calls_that_wait_are_spans(observed: Observed) -> None:
    # Given a port with a plain method and an attribute, when they are used, then no span tells of it
    port = traced_port(Port(), observed.telemetry, "sqlite", "things")
    assert (port.count(), port.size) == (3, 3)
    assert observed.spans() == ()


@pytest.mark.parametrize(
    ("operation", "failure", "status"),
    [
        ("append", FactExists(), StatusCode.UNSET),
        ("append", StoreUnavailable("throttled"), StatusCode.ERROR),
        ("load", HeadChanged(), StatusCode.ERROR),
    ],
)
async def test_an_answer_is_no_failure(
    observed: Observed, operation: str, failure: Exception, status: StatusCode
) -> None:
    # Given a port that answers an operation by raising, or fails, or raises the answer of another operation
    port = traced_port(Port(failure), observed.telemetry, "sqlite", "things")
    # When it is called
    with pytest.raises(type(failure)):
        await getattr(port, operation)("contoso", "k1")
    # Then only the answer of this very operation is no error
    assert observed.the(f"{operation} things").status.status_code is status


PORTS: list[tuple[type, tuple[type, ...]]] = [
    (ConversationStore, (EmbeddedConversations, CosmosConversations)),
    (ThreadStore, (EmbeddedThreads, CosmosThreads)),
    (Ledger, (EmbeddedLedger, CosmosLedger)),
    (UsageReports, (EmbeddedReports, CosmosReports)),
    (ParkedEvents, (EmbeddedParkedEvents, CosmosParkedEvents)),
    (Archive, (FolderArchive, BlobArchive)),
    (Overflow, (EmbeddedOverflow, BlobOverflow)),
]
TOLD_BY_NAME = {"tenant_id", "key", "place", "row", "correction"}
"""The parameters that the wrapper looks for."""


@pytest.mark.parametrize(("port", "adapters"), PORTS, ids=lambda one: getattr(one, "__name__", ""))
def test_adapters_name_what_a_span_tells_as_their_port_does(port: type, adapters: tuple[type, ...]) -> None:
    # Given a port's operations, and the places of the parameters from which a span is made
    operations = {name: method for name, method in vars(port).items() if inspect.iscoroutinefunction(method)}
    assert operations
    for adapter in adapters:
        for name, method in operations.items():
            # Then each adapter has a coroutine of the name, with the same parameters at these places
            own = getattr(adapter, name)
            assert inspect.iscoroutinefunction(own), f"{adapter.__name__}.{name}"
            named, here = (list(inspect.signature(one).parameters) for one in (method, own))
            told = [place for place, parameter in enumerate(named) if parameter in TOLD_BY_NAME]
            assert [here[place] for place in told] == [named[place] for place in told], f"{adapter.__name__}.{name}"
