"""The composition root on Azure's services: what is reachable, one event from ingress to bill, what is not imported."""

import ast
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from local.http import application
from local.index import index
from shared import bootstrap
from shared.azure.service_bus.connection import connect
from shared.clock import SystemClock
from shared.events.envelope import format_time
from shared.pipeline import Pipeline
from shared.settings import Settings
from tests.azure.databases import ENDPOINT, KEY
from tests.azure.endpoints import alone, endpoint
from tests.builders import EXAMPLES, started
from tests.contract.buses import OnServiceBus

ROOT = Path(__file__).parent.parent.parent
NOBODY = {
    "COSMOS": "AccountEndpoint=http://127.0.0.1:1/;AccountKey=a2V5;",
    "SERVICE_BUS": "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=a2V5;UseDevelopmentEmulator=true;",
    "STORAGE": "AccountName=a;AccountKey=a2V5;DefaultEndpointsProtocol=http;BlobEndpoint=http://127.0.0.1:1/a;",
}
"""Settings by which nobody is reached: nothing listens at that port."""
PARTS = {"COSMOS": "store", "SERVICE_BUS": "bus", "STORAGE": "archive"}

# The SDK leaves a connection on which opening a link failed to the garbage collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest.fixture
def settings(database: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment whose settings name the tests' endpoints."""
    monkeypatch.setenv("COSMOS", f"AccountEndpoint={endpoint(ENDPOINT)};AccountKey={endpoint(KEY)};")
    monkeypatch.setenv("PATCHBAY_COSMOS_DATABASE", database)
    monkeypatch.setenv("SERVICE_BUS", endpoint("TEST_SERVICE_BUS"))
    monkeypatch.setenv("STORAGE", endpoint("TEST_BLOB"))
    return monkeypatch


def made() -> Pipeline:
    """The pipeline on the services that the settings name."""
    services = Settings().azure()
    assert services is not None
    return bootstrap.azure(services, SystemClock())


@pytest.fixture
async def pipeline(settings: pytest.MonkeyPatch) -> AsyncIterator[Pipeline]:
    own = made()
    yield own
    await own.close()


async def health(pipeline: Pipeline) -> tuple[int, Mapping[str, Any]]:
    """What the route answers to a caller whom it lets in."""
    bootstrap.provide(replace(pipeline, open_to_all=True))
    transport = httpx.ASGITransport(application(index(), None))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        answer = await client.get("/api/health")
    return answer.status_code, answer.json()


async def test_all_services_are_reachable(pipeline: Pipeline) -> None:
    status, document = await health(pipeline)
    assert (status, document["status"]) == (200, "healthy")
    assert {part: document[part] for part in PARTS.values()} == {part: {"reachable": True} for part in PARTS.values()}


_ASKED = """
import asyncio
from shared.bootstrap import pipeline

async def ask():
    print((await pipeline().health.check())[1])
    await pipeline().close()

asyncio.run(ask())
"""


def test_the_settings_alone_bring_a_process_to_the_services(settings: pytest.MonkeyPatch) -> None:
    # Given those settings, when a new process asks its pipeline how it stands
    done = subprocess.run([sys.executable, "-c", _ASKED], cwd=ROOT, capture_output=True, text=True, check=True)
    # Then it is on the services: one machine has no archive to reach
    document = ast.literal_eval(done.stdout)
    assert document["status"] == "healthy"
    assert set(PARTS.values()) <= set(document)


@pytest.mark.parametrize("unreachable", NOBODY)
async def test_the_one_that_is_not_reachable_is_named(unreachable: str, settings: pytest.MonkeyPatch) -> None:
    # Given a setting that names an endpoint at which nobody listens
    settings.setenv(unreachable, NOBODY[unreachable])
    pipeline = made()
    # When somebody asks how the pipeline stands
    status, document = await health(pipeline)
    await pipeline.close()
    # Then it is unhealthy, and that part alone is why
    assert (status, document["status"]) == (503, "unhealthy")
    assert [part for part in PARTS.values() if not document[part]["reachable"]] == [PARTS[unreachable]]
    assert document[PARTS[unreachable]]["failure"]


async def test_an_event_goes_from_the_ingress_to_the_bill(pipeline: Pipeline) -> None:
    with alone(endpoint("TEST_SERVICE_BUS")):
        async with connect(endpoint("TEST_SERVICE_BUS")) as client:
            bus = OnServiceBus(client)
            await bus.open()
            # Given a tenant, and the start of a conversation that a bot takes
            await pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
            at = format_time(SystemClock().now())
            event = started(at=at)
            # When it is received, and delivered by the bus
            receipt = await pipeline.receiver.receive_events("contoso", event.to_json().encode())
            assert (receipt.accepted, list(receipt.rejected)) == ([event.id], [])
            [(subscription, body)] = await bus.received(1)
            await bus.close()
    await pipeline.deliveries.deliver(body)
    # Then it came by its subscription, and is a conversation and a bot session
    assert subscription == "conversation-started"
    assert (await pipeline.usage.report("contoso", at[:7])).counted == 1


@pytest.mark.parametrize(
    ("module", "known"),
    [
        ("shared.bootstrap", {"functions"}),
        ("function_app", {"functions"}),
        # The command line knows the SDKs' error, to say in a sentence what went wrong.
        ("local.__main__", {"functions", "core"}),
    ],
)
def test_no_sdk_of_a_service_is_imported_before_it_is_needed(module: str, known: set[str]) -> None:
    # Given a new process, when it imports the module
    code = f"import sys, {module}; print(*(name for name in sys.modules if name.startswith('azure.')))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    # Then none of the SDKs came with it
    assert {name.split(".")[1] for name in done.stdout.split()} <= known
