"""Each part of the benchmark on a small scale: it measures what it says, and nothing gets lost meanwhile."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path

import pytest

from shared.bootstrap import EmbeddedPipeline
from tests.bench import growth, loads, visibility
from tests.bench.components import REST, by_component
from tests.bench.http_load import post_on_time, request_head
from tests.documents import ROOT


@pytest.fixture
async def pipeline(tmp_path: Path) -> AsyncIterator[EmbeddedPipeline]:
    async with growth.opened(tmp_path / "patchbay.db") as opened:
        yield opened


def test_a_backlog_is_measured_until_its_last_event(tmp_path: Path) -> None:
    # when the host works off some conversations, which fails if an event is lost
    sample = loads.backlog(tmp_path, 30)
    # then all their events are counted, and what they took
    assert sample.events == 120
    assert sample.seconds > 0
    assert sample.cpu > 0
    assert sample.memory.resident >= sample.memory.proportional > 0


async def test_every_accepted_event_becomes_visible(tmp_path: Path) -> None:
    # when events are posted in batches for a second
    row = await visibility.at_rate(tmp_path, "batches of 10", 10, rate=40, seconds=1)
    # then all are accepted, and become visible
    assert (row.accepted, row.refused, row.late) == (40, 0, 0)
    assert 0 <= row.p50 <= row.p99


async def test_an_event_that_never_becomes_visible_is_late(pipeline: EmbeddedPipeline) -> None:
    # given an event that was accepted, and whose fact is not in the store
    watch = visibility.Watch(sqlite3.connect(pipeline.database.path))
    watch.accepted([("message.posted", "c1", "no fact")], at=10.0)
    # when it is looked for in vain, and given up 5 seconds later
    watch.look(11.0)
    assert watch.pending == 1
    # then it is late, and counts with these 5 seconds
    assert watch.give_up(15.0) == 1
    assert watch.latencies == [5.0]


async def test_requests_are_answered_although_the_server_closes_connections() -> None:
    # given a server that closes every connection after its first answer
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"body")
        writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    statuses: list[int] = []
    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        # when requests are posted one after the other
        head = request_head("/", "text/plain")
        await post_on_time(port, head, [b"body"] * 20, 0.002, lambda answer: statuses.append(answer.status))
    # then each is answered, on another connection where the one before is closed
    assert statuses == [202] * 20


@pytest.mark.parametrize(
    ("cost", "facts"),
    [
        (partial(growth.by_length, lines=2, count=1), 16 * 4),
        (partial(growth.next_line, facts=3), 3 + 10),
        (partial(growth.next_of_escalations, facts=3), 3 + 10),
        (partial(growth.by_rules, rules=20, count=1), 4),
        (partial(growth.by_tenants, tenants=2, count=1), (2 + 2) * 4),
        (partial(growth.by_variables, variables=4, count=1), 0),
    ],
)
async def test_each_curve_has_its_events_recorded(
    cost: Callable[[EmbeddedPipeline], Awaitable[growth.Cost]], facts: int, pipeline: EmbeddedPipeline
) -> None:
    # when a cost is measured at a small size, then there is one, and every event was recorded
    assert await cost(pipeline)
    [row] = pipeline.database.query("SELECT count(*) AS stored FROM facts")
    assert row["stored"] == facts


async def test_every_rule_is_compared(pipeline: EmbeddedPipeline) -> None:
    # when a conversation is decided under 20 rules of which the last matches
    await growth.by_rules(pipeline, 20, count=1)
    # then that one decided, and each rule was compared in all its conditions
    for decided in await pipeline.conversations.decisions(growth.RULED, "c-0"):
        assert decided.decision.rule == "Rule19"
        conditions = [rule.condition.parts for rule in decided.trace.rules if rule.condition]
        assert [len(parts) for parts in conditions] == [4] * 20


def test_a_sample_counts_for_the_innermost_call_of_ours() -> None:
    # given stacks of the profiler, the innermost call last
    ours, library = f"{ROOT}/shared/conversations", "/venv/lib/python3.11/site-packages"
    stacks = [
        f"run (/usr/lib/python3.11/asyncio/runners.py:9);fold ({ours}/fold.py:10);loads ({library}/pydantic/a.py:1) 3",
        "run (/usr/lib/python3.11/asyncio/runners.py:9);dumps (/usr/lib/python3.11/json/encoder.py:3) 2",
        f"run (/usr/lib/python3.11/threading.py:9);app ({library}/starlette/routing.py:3) 4",
        "bootstrap (/usr/lib/python3.11/threading.py:9) 1",
        "_worker (/usr/lib/python3.11/concurrent/futures/thread.py:81) 50",
    ]
    # when they are counted, then a library's time is its caller's, and waiting is nobody's
    expected = {"fold and what follows from it": 3, "asyncio": 2, "Starlette": 4, REST: 1}
    assert by_component(stacks) == expected
