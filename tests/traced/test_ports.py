"""The wrapper of ports: each call is a span that says where it went; an answer is no failure."""

from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from shared.conversations.ports import FactExists
from shared.errors import StoreUnavailable
from shared.telemetry import KEY, TENANT
from shared.traced.ports import traced_port
from shared.usage.ledger import LedgerRow
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
    ("failure", "status"), [(FactExists(), StatusCode.UNSET), (StoreUnavailable("throttled"), StatusCode.ERROR)]
)
async def test_an_answer_is_no_failure(observed: Observed, failure: Exception, status: StatusCode) -> None:
    # Given a port that answers by raising, or fails
    port = traced_port(Port(failure), observed.telemetry, "sqlite", "things")
    # When it is called
    with pytest.raises(type(failure)):
        await port.load("contoso", "k1")
    # Then only the failure is an error
    assert observed.the("load things").status.status_code is status
