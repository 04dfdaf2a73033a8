"""What leaves for Application Insights, and what does not; its endpoint is one of ours."""

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.functions.hosts import WEB_CHAT, activity
from tests.infra.comparisons import settings_of
from tests.infra.predicted import predicted
from tests.local.test_host import CLOCK, running
from tests.local.test_otlp import Collector
from tests.log_scan import seeds_in

SAMPLER = settings_of(predicted("everything"))["OTEL_TRACES_SAMPLER"]


@pytest.fixture
def ingestion() -> Iterator[Collector]:
    own = Collector(b'{"itemsReceived": 1, "itemsAccepted": 1, "errors": []}')
    yield own
    own.close()


def envelopes(bodies: Sequence[bytes]) -> list[dict[str, Any]]:
    """The items of telemetry that were sent, whether compressed or not."""
    texts = [(gzip.decompress(body) if body.startswith(b"\x1f\x8b") else body).decode() for body in bodies]
    return [one for text in texts for one in json.loads(text)]


def test_application_insights_gets_our_spans_metrics_and_lines_and_nobody_elses(
    tmp_path: Path, ingestion: Collector
) -> None:
    # Given a host whose setting names an Application Insights
    key = "00000000-0000-4000-8000-000000000001"
    environment = {
        "APPLICATIONINSIGHTS_CONNECTION_STRING": f"InstrumentationKey={key};IngestionEndpoint={ingestion.endpoint}/",
        "OTEL_TRACES_SAMPLER": SAMPLER,
        "OTEL_TRACES_SAMPLER_ARG": "1",
        # What Microsoft's distribution reports of itself, elsewhere.
        "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
        "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
        "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
        "APPLICATIONINSIGHTS_OPENTELEMETRY_RESOURCE_METRIC_DISABLED": "true",
    }
    with running(tmp_path / "patchbay.db", "--clock", CLOCK, environment=environment) as host:
        host.configured()
        # When a conversation begins, an event is parked, and the host ends at once
        key = host.client.post(WEB_CHAT, json=activity()).raise_for_status().json()["conversation"]["key"]
        host.until(lambda: host.backlog()["active"] == 0)
        host.client.post(WEB_CHAT, json=activity(text="something else, under the same id")).raise_for_status()
        host.until(lambda: host.backlog()["active"] == 0)
        assert host.end() == 0
    sent = envelopes([body for path, bodies in ingestion.bodies.items() if "track" in path for body in bodies])
    # Then the commit is in one operation with its webhook
    spans = [one for one in sent if one["data"]["baseType"] in ("RequestData", "RemoteDependencyData")]
    operation = {one["data"]["baseData"]["name"]: one["tags"]["ai.operation.id"] for one in spans}
    route = "POST /api/tenants/{tenantId}/channels/{accountId}/{channelId}"
    ingress = {one["tags"]["ai.operation.id"] for one in spans if one["data"]["baseData"]["name"] == route}
    assert operation["commit conversations"] in ingress
    assert operation["record conversation.started"] in ingress
    # And nothing else is traced than what Patchbay reports
    collections = ("conversations", "threads", "ledger", "reports", "parked", "archive")
    verbs = ("GET /api/", "POST /api/", "PUT /api/", "publish ", "record ", "sweep", "monthly_usage")
    assert [name for name in operation if not name.startswith(verbs) and not name.endswith(collections)] == []
    # And metrics come, and the line about what was parked, with whose it was
    metrics = {metric["name"] for one in sent for metric in one["data"]["baseData"].get("metrics", [])}
    assert {"patchbay.events", "patchbay.events.parked", "patchbay.event.latency"} <= metrics
    assert {name for name in metrics if not name.startswith("patchbay.")} == set()
    lines = [one["data"]["baseData"] for one in sent if one["data"]["baseType"] == "MessageData"]
    (line,) = (one for one in lines if one["message"].startswith("parked an event"))
    assert line["properties"]["key"] == key
    assert seeds_in(json.dumps(sent, ensure_ascii=False)) == []
