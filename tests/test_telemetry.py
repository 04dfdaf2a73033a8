"""What is measured, by whom it is charged, and that nothing of the SDK is there where nobody asked for telemetry."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.trace import StatusCode

from shared.azure.cosmos.charge import Charge, counted_by, unobserved
from shared.bootstrap import telemetry
from shared.conversations.ports import Head
from shared.metrics import LATENCY, METRICS, OBSTRUCTED
from shared.settings import Monitor, TelemetrySettings
from shared.telemetry import OFF
from shared.usage.ledger import LedgerRow
from tests.builders import ended, escalated, message, started
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryConversations, MemoryLedger
from tests.observed import Observed

ROOT = Path(__file__).parent.parent
AT = "2026-11-20T11:59:00Z"


class Away(MemoryLedger):
    """A ledger that cannot be reached at first."""

    def __init__(self, times: int = 1) -> None:
        super().__init__()
        self.times = times

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        self.times -= 1
        if self.times >= 0:
            raise ConnectionError("the customer's own words")
        return await super().post(tenant_id, row)


class Unwritable(MemoryConversations):
    """A store that commits nothing."""

    async def commit(self, tenant_id: str, key: str, *args: Any) -> tuple[Head, str]:
        raise ConnectionError("the customer's own words")


async def delivered(pipeline: InMemory, *bodies: bytes) -> None:
    for body in bodies:
        await pipeline.deliveries.deliver(body)


async def test_each_delivery_is_counted_by_what_became_of_it(observed: Observed) -> None:
    # Given a tenant
    pipeline = await InMemory(telemetry=observed.telemetry).configured()
    begin, late = started(at=AT), message(at="2025-01-01T00:00:00Z")
    # When events of every fate are delivered
    await delivered(
        pipeline,
        begin.to_json().encode(),
        begin.to_json().encode(),
        message(at=AT).to_json().encode(),
        message(at=AT).to_json().encode(),
        ended(at=AT).to_json().encode(),
        escalated(at="2026-11-20T11:59:30Z").to_json().encode(),
        late.to_json().encode(),
        b"no event",
        begin.to_json().replace("conversation.started", "a customer's text").encode(),
    )
    # Then each is counted by type and outcome; a type that is none of ours is not named
    points = observed.points()
    assert {(dict(key)["type"], dict(key)["outcome"]): n for key, n in points["patchbay.events"].items()} == {
        ("conversation.started", "recorded"): 1,
        ("conversation.started", "duplicate"): 1,
        ("message.posted", "recorded"): 1,
        ("message.posted", "duplicate"): 1,
        ("message.posted", "parked"): 1,
        ("conversation.ended", "recorded"): 1,
        ("bot.escalated", "without-effect"): 1,
        ("unknown", "parked"): 2,
    }
    assert {dict(key)["code"]: n for key, n in points["patchbay.events.parked"].items()} == {
        "too_late": 1,
        "invalid_event": 2,
    }
    # And the one session is counted once
    assert points["patchbay.sessions.counted"] == {(): 1}


async def test_the_latency_is_measured_from_the_ingress_to_the_record(observed: Observed) -> None:
    # Given an event that was accepted, and waits on the bus for a while
    pipeline = await InMemory(telemetry=observed.telemetry).configured()
    await pipeline.receiver.receive_events("contoso", started(at=AT).to_json().encode())
    pipeline.clock.advance(timedelta(seconds=7))
    # When it is recorded, and delivered once more later
    sent = list(pipeline.publisher.events)
    await pipeline.drain()
    pipeline.clock.advance(timedelta(hours=1))
    await delivered(pipeline, sent[0].to_json().encode())
    # Then that while is its latency, and the duplicate has none
    assert observed.points()["patchbay.event.latency"] == {(("type", "conversation.started"),): (1, 7.0)}


async def test_the_sweep_shows_how_many_conversations_are_not_seen_to(observed: Observed) -> None:
    # Given three conversations, of which the bot has said nothing for so long that it is reminded
    pipeline = await InMemory(telemetry=observed.telemetry).configured()
    await pipeline.record(*(started(f"c{number}", at=AT) for number in range(3)))
    pipeline.clock.advance(timedelta(minutes=6))
    # When the sweep asks in time, then nothing is overdue
    assert await pipeline.sweep.run() == 3
    assert observed.points()["patchbay.attention.overdue"] == {(): 0}
    # When nobody answers for a quarter of an hour and more, then all are
    pipeline.clock.advance(timedelta(minutes=15))
    await pipeline.sweep.run()
    assert observed.points()["patchbay.attention.overdue"] == {(): 3}
    # And none when it is answered
    await pipeline.drain()
    await pipeline.sweep.run()
    assert observed.points()["patchbay.attention.overdue"] == {(): 0}


async def test_what_a_crash_left_over_is_performed_with_a_link_to_the_trace_of_its_fact(observed: Observed) -> None:
    # Given an event whose effect failed after the commit
    pipeline = await InMemory(telemetry=observed.telemetry, ledger=Away()).configured()
    await pipeline.receiver.receive_events("contoso", started(at=AT).to_json().encode())
    await pipeline.drain()
    record = observed.the("record conversation.started")
    assert record.context is not None
    # When the sweep finds what is left over
    pipeline.clock.advance(timedelta(minutes=1))
    observed.exporter.clear()
    with observed.telemetry.running("sweep"):
        await pipeline.sweep.run()
    # Then it is performed in the sweep's trace, which links that of the fact
    assert observed.ancestry(observed.the("post ledger")) == ["post ledger", "perform left over", "sweep"]
    (link,) = observed.the("perform left over").links
    assert link.context.trace_id == record.context.trace_id


async def test_a_failure_is_an_error_of_its_kind_without_its_message(observed: Observed) -> None:
    # Given a store that fails with a message of which nobody knows what stands in it
    pipeline = await InMemory(telemetry=observed.telemetry, conversations=Unwritable()).configured()
    # When an event is delivered
    with pytest.raises(ConnectionError):
        await delivered(pipeline, started(at=AT).to_json().encode())
    # Then the failed call and the delivery are errors that name its kind only, and it is counted as failed
    for name in ("commit conversations", "record conversation.started"):
        span = observed.the(name)
        assert (span.attributes or {})["error.type"] == "ConnectionError"
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
        assert span.events == ()
    assert "words" not in observed.everything()
    assert list(observed.points()["patchbay.events"]) == [(("outcome", "failed"), ("type", "conversation.started"))]


async def test_months_that_do_not_close_are_shown_until_they_do(observed: Observed) -> None:
    # Given a month with a row that is recorded and not posted, long after its end
    ledger = Away(times=0)
    pipeline = await InMemory(telemetry=observed.telemetry, ledger=ledger).configured()
    await pipeline.record(started("c2", at=AT))
    ledger.times = 2
    await delivered(pipeline, started("c1", at=AT).to_json().encode())
    pipeline.clock.advance(timedelta(days=40))
    # When the months are rolled up, while the ledger is away and after that
    await pipeline.usage.roll_up_all()
    assert observed.points()[OBSTRUCTED.name] == {(): 1}
    await pipeline.usage.roll_up_all()
    # Then it was obstructed, and is not any more
    assert observed.points()[OBSTRUCTED.name] == {(): 0}


def test_each_metric_is_reported_under_its_name_kind_and_unit(observed: Observed) -> None:
    # Given one value of each metric of the table
    metrics = observed.telemetry.metrics
    for metric in METRICS:
        if metric.kind == "counter":
            metrics.count(metric, dict.fromkeys(metric.attributes, "x"))
        elif metric.kind == "gauge":
            metrics.show(metric, 1)
    metrics.recorded_after(-1.0, "x")
    # When the SDK collects them, then they are what the table says; clocks that differ make no negative time
    units, points = observed.units(), observed.points()
    assert units == {metric.name: metric.unit for metric in METRICS}
    assert {name: [dict(key) for key in found] for name, found in points.items()} == {
        metric.name: [dict.fromkeys(metric.attributes, "x")] for metric in METRICS
    }
    assert points[LATENCY.name] == {(("type", "x"),): (1, 0.0)}


def test_what_cosmos_charges_is_counted_by_container_and_operation(observed: Observed) -> None:
    # Given charges of requests, one of which was never answered
    charged = counted_by(observed.telemetry)
    for charge in (Charge("append", "conversations", 6.5, 201), Charge("append", "conversations", 0.0, None)):
        charged(charge)
    # When they are read, then they are added up
    point = (("container", "conversations"), ("operation", "append"))
    assert observed.points()["patchbay.cosmos.request_units"] == {point: 6.5}
    assert counted_by(OFF) is unobserved


_IMPORTED = """
import asyncio, sys
import local.__main__
from pathlib import Path
from shared import bootstrap
from shared.settings import Settings
settings, clock = Settings(database=Path(sys.argv[1])), bootstrap.SystemClock()
bootstrap.provide(bootstrap.embedded(settings, clock, telemetry=bootstrap.telemetry()))
import function_app
asyncio.run(bootstrap.pipeline().close())
sdk = "opentelemetry.sdk", "opentelemetry.exporter", "azure.monitor"
print(*(name for name in sys.modules if name.startswith(sdk)))
"""


@pytest.mark.parametrize("setting", [None, "OTEL_EXPORTER_OTLP_ENDPOINT"])
def test_the_sdk_is_imported_only_where_something_is_exported(
    tmp_path: Path, setting: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an environment that names no destination, or one
    for name in ("APPLICATIONINSIGHTS_CONNECTION_STRING", "OTEL_EXPORTER_OTLP_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    if setting:
        monkeypatch.setenv(setting, "http://127.0.0.1:9")
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    # When a process makes its pipeline and loads its functions
    command = [sys.executable, "-c", _IMPORTED, str(tmp_path / "patchbay.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # Then the SDK is there only where something is exported
    assert bool(done.stdout.split()) is bool(setting)


_TRIED_AGAIN = """
import asyncio, sys, threading
from contextlib import suppress
from pathlib import Path
from shared import bootstrap
from shared.embedded.database import Database
from shared.embedded.holding import DatabaseInUse
taken = Database(Path(sys.argv[1]))
def threads():
    with suppress(DatabaseInUse):
        bootstrap.pipeline()
    return threading.active_count()
print(threads(), threads(), threads())
asyncio.run(taken.close())
asyncio.run(bootstrap.pipeline().close())
"""


def test_a_pipeline_that_cannot_be_made_leaves_no_exporter_behind_at_each_try(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a collector, and a database that another host uses
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    monkeypatch.setenv("PATCHBAY_DATABASE", str(tmp_path / "patchbay.db"))
    # When each request tries to make the pipeline
    command = [sys.executable, "-c", _TRIED_AGAIN, str(tmp_path / "patchbay.db")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    # Then the first exports, and the others find what it made
    first, *others = map(int, done.stdout.split())
    assert first > 1
    assert set(others) == {first}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OTEL_TRACES_SAMPLER_ARG", "often"),
        ("OTEL_TRACES_SAMPLER_ARG", "2"),
        ("APPLICATIONINSIGHTS_CONNECTION_STRING", "nonsense"),
    ],
)
def test_a_setting_that_is_wrong_costs_telemetry_and_nothing_else(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a setting that nobody can use, when telemetry is set up
    monkeypatch.setenv(name, value)
    # Then there is none, and the log says so without the setting's value
    assert telemetry() is OFF
    assert "there is no telemetry" in caplog.text
    assert value not in caplog.text


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({}, None),
        ({"connection_string": "i"}, Monitor("i", by_identity=False, client_id=None)),
        (
            {"connection_string": "i", "authentication": "Authorization=AAD"},
            Monitor("i", by_identity=True, client_id=None),
        ),
        (
            {"connection_string": "i", "authentication": "ClientId=c;Authorization=AAD"},
            Monitor("i", by_identity=True, client_id="c"),
        ),
    ],
)
def test_application_insights_is_reached_by_identity_where_the_setting_says_so(
    said: dict[str, str], expected: Monitor | None
) -> None:
    assert TelemetrySettings(**said).monitor() == expected  # type: ignore[arg-type]  # members of text are all text
