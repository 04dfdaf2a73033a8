"""The loads under which Patchbay's host is measured: a backlog, batches, single requests, and turns in order."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from tests.bench.http_load import post_all
from tests.bench.lifecycle import batches_of, conversations, mixed
from tests.bench.patchbay import BATCH, ONE_EVENT, Host, host, prepare
from tests.bench.samples import Meter, Sample

BATCH_SIZE = 100
CONNECTIONS = 64
_BATCH_CONNECTIONS = 4


Beside = Callable[[int], AbstractContextManager[object]]
"""What runs while the host's process, of this id, is measured."""


def backlog(folder: Path, count: int, lines: int = 1, beside: Beside = nullcontext) -> Sample:
    """So many conversations were published while no host ran; measured from the moment at which it listens."""
    events = mixed(conversations(count, lines))
    file = folder / "patchbay.db"
    asyncio.run(prepare(file, events))
    with host(file) as running, beside(running.pid):
        meter = Meter(running.observed)
        running.wait_until_idle()
        sample = meter.stop(len(events))
        _check(running, len(events))
    return sample


def in_batches(folder: Path, count: int) -> Sample:
    """The events are posted in batches; measured until the last one is recorded."""
    return _posted(folder, [mixed(conversations(count))], BATCH_SIZE)


def singly(folder: Path, count: int, beside: Beside = nullcontext) -> Sample:
    """Each event is posted by itself, over many connections at once; measured until the last one is recorded."""
    return _posted(folder, [mixed(conversations(count))], 1, beside)


def in_order(folder: Path, count: int, lines: int) -> Sample:
    """The next event of each conversation is posted, in batches, when the events before are recorded."""
    return _posted(folder, list(zip(*conversations(count, lines), strict=True)), BATCH_SIZE)


def _posted(folder: Path, turns: Sequence[Sequence[bytes]], size: int, beside: Beside = nullcontext) -> Sample:
    file = folder / "patchbay.db"
    asyncio.run(prepare(file, ()))
    with host(file) as running:
        _post(running, conversations(1, named="warm-up")[0], 1)
        running.wait_until_idle()
        before, count = running.facts(), sum(map(len, turns))
        with beside(running.pid):
            meter = Meter(running.observed)
            for events in turns:
                _post(running, events, size)
                running.wait_until_idle()
            sample = meter.stop(count)
        _check(running, before + count)
    return sample


def _post(running: Host, events: Sequence[bytes], size: int) -> None:
    if size == 1:
        answers = asyncio.run(post_all(running.port, ONE_EVENT, iter(events), min(CONNECTIONS, len(events))))
    else:
        answers = asyncio.run(post_all(running.port, BATCH, batches_of(events, size), _BATCH_CONNECTIONS))
    assert set(answers) == {202}, f"not all was accepted: {answers}"


def _check(running: Host, facts: int) -> None:
    assert running.facts() == facts, f"{running.facts()} facts of {facts} events are stored"
