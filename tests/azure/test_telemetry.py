"""The trace over the services in Azure, from ingress by Service Bus to the ledger in Cosmos DB; and what it costs."""

import pytest

from shared import bootstrap
from shared.azure.service_bus.connection import connect
from shared.clock import SystemClock
from shared.events.envelope import format_time
from shared.settings import Azure
from tests.azure.databases import ENDPOINT, KEY
from tests.azure.endpoints import alone, endpoint
from tests.builders import EXAMPLES, started
from tests.contract.buses import OnServiceBus
from tests.observed import Observed

# The SDK leaves a connection on which opening a link failed to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


async def test_one_trace_leads_over_the_services_and_their_charges_are_counted(
    database: str, observed: Observed
) -> None:
    # Given a pipeline on the services, a tenant, and the start of a conversation that a bot takes
    bus_address = endpoint("TEST_SERVICE_BUS")
    cosmos = f"AccountEndpoint={endpoint(ENDPOINT)};AccountKey={endpoint(KEY)};"
    services = Azure(cosmos, database, bus_address, endpoint("TEST_BLOB"))
    pipeline = bootstrap.azure(services, SystemClock(), observed.telemetry)
    await pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
    with alone(bus_address):
        async with connect(bus_address) as client:
            bus = OnServiceBus(client)
            await bus.open()
            # When it is received, and what the bus delivers is recorded
            with observed.telemetry.serving("POST", "/api/tenants/{tenantId}/events", {}):
                event = started(at=format_time(SystemClock().now()))
                await pipeline.receiver.receive_events("contoso", event.to_json().encode())
            [(_, body)] = await bus.received(1)
            await bus.close()
    await pipeline.deliveries.deliver(body)
    await pipeline.close()
    # Then the row goes back to the ingress, over the bus
    posted = observed.the("post ledger")
    assert observed.ancestry(posted) == [
        "post ledger",
        "record conversation.started",
        "publish conversation.started",
        "POST /api/tenants/{tenantId}/events",
    ]
    assert (posted.attributes or {})["db.system.name"] == "azure.cosmosdb"
    # And nothing was traced twice: the SDKs report no spans of their own
    assert {span.instrumentation_scope.name for span in observed.spans() if span.instrumentation_scope} == {"patchbay"}
    # And the requests' units are counted
    units = observed.points()["patchbay.cosmos.request_units"]
    assert units[("container", "ledger"), ("operation", "post")] > 0
    assert units[("container", "conversations"), ("operation", "commit")] > 0
