"""`python -m local start` with a collector: what it is sent by OTLP over HTTP, and that none is no hindrance."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.functions.hosts import WEB_CHAT, activity
from tests.local.test_host import CLOCK, running
from tests.log_scan import seeds_in


class Collector:
    """Takes what is posted to it, by path, and answers each time the same."""

    def __init__(self, answer: bytes = b"") -> None:
        bodies: dict[str, list[bytes]] = defaultdict(list)

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                bodies[self.path].append(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.send_header("content-length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, *_: object) -> None:
                """Silence."""

        self.bodies = bodies
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.endpoint = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def spans(self) -> list[Span]:
        sent = [ExportTraceServiceRequest.FromString(body) for body in self.bodies["/v1/traces"]]
        return [
            span for one in sent for found in one.resource_spans for scope in found.scope_spans for span in scope.spans
        ]

    def metrics(self) -> set[str]:
        sent = [ExportMetricsServiceRequest.FromString(body) for body in self.bodies["/v1/metrics"]]
        scopes = (scope for one in sent for found in one.resource_metrics for scope in found.scope_metrics)
        return {metric.name for scope in scopes for metric in scope.metrics}

    def lines(self) -> list[dict[str, str]]:
        """Each line of the log, with its members."""
        sent = [ExportLogsServiceRequest.FromString(body) for body in self.bodies["/v1/logs"]]
        scopes = (scope for one in sent for found in one.resource_logs for scope in found.scope_logs)
        return [
            {"body": line.body.string_value, **{one.key: one.value.string_value for one in line.attributes}}
            for scope in scopes
            for line in scope.log_records
        ]


@pytest.fixture
def collector() -> Iterator[Collector]:
    own = Collector()
    yield own
    own.close()


def test_a_collector_gets_one_trace_the_metrics_and_the_log(tmp_path: Path, collector: Collector) -> None:
    # Given a host that knows a collector
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.endpoint}
    with running(tmp_path / "patchbay.db", "--clock", CLOCK, environment=environment) as host:
        host.configured()
        # When a conversation begins, an event is parked, and the host ends at once
        key = host.client.post(WEB_CHAT, json=activity()).raise_for_status().json()["conversation"]["key"]
        host.until(lambda: host.backlog()["active"] == 0)
        line = activity(id="a1", text="something else, under the same id")
        host.client.post(WEB_CHAT, json=line).raise_for_status()
        host.until(lambda: host.backlog()["active"] == 0)
        assert host.end() == 0
    # Then the commit, with the ledger's row in it, goes back to the webhook over the bus, whichever event was first
    spans = collector.spans()
    by_id = {(span.trace_id, span.span_id): span for span in spans}
    committed = [span for span in spans if span.name == "commit conversations"]
    assert committed
    for span in committed:
        record = by_id[span.trace_id, span.parent_span_id]
        publish = by_id[span.trace_id, record.parent_span_id]
        ingress = by_id[span.trace_id, publish.parent_span_id]
        assert record.name.replace("record", "publish") == publish.name
        assert ingress.name == "POST /api/tenants/{tenantId}/channels/{accountId}/{channelId}"
    # And so are metrics, and the line about what was parked, with whose it was
    assert {"patchbay.events", "patchbay.events.parked", "patchbay.event.latency"} <= collector.metrics()
    (parked,) = (one for one in collector.lines() if one["body"].startswith("parked an event"))
    assert (parked["tenant"], parked["key"]) == ("contoso", key)
    # And nobody's words or name
    sent = b"".join(body for bodies in collector.bodies.values() for body in bodies)
    assert seeds_in(sent.decode("utf-8", "replace") + json.dumps(collector.lines(), ensure_ascii=False)) == []


def test_a_collector_that_is_not_there_keeps_nobody_from_working(tmp_path: Path) -> None:
    # Given a host whose collector does not answer
    environment = {"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:9", "OTEL_EXPORTER_OTLP_TIMEOUT": "1"}
    with running(tmp_path / "patchbay.db", "--clock", CLOCK, environment=environment) as host:
        # When it works, and is asked to end
        host.configured().begin("c1")
        # Then it does both
        assert host.usage()["counted"] == 1
        assert host.end() == 0
