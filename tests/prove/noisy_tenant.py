"""Proof: a tenant that sends three times what the host can handle for two minutes takes little from another tenant.

    python -m tests.prove.noisy_tenant [SECONDS]

The host is `local start` as it comes. How much it can handle is measured first. Then the other tenant's events are
posted one by one, alone, and again while the noisy tenant posts without caring for what it is answered. At last the
host has a minute to be as it was before. An event's latency counts from when its request was planned until its fact can
be read from the store, by a connection that only reads.
"""

import asyncio
import multiprocessing
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import quantiles
from typing import overload

from shared.bootstrap import embedded_on
from shared.clock import SystemClock
from shared.conversations.fact import fact_id
from shared.embedded.database import Database
from shared.events.conversation_key import conversation_key
from shared.events.envelope import format_time
from shared.events.pseudonym import Pseudonyms
from tests.bench.configurations import configuration
from tests.bench.http_load import Answered, post_all, post_on_time, request_head
from tests.bench.lifecycle import TENANT, batch, conversations, mixed
from tests.bench.patchbay import ACCEPTED, BATCH_TYPE, ONE_EVENT, Host, host
from tests.bench.visibility import Watch
from tests.prove.faulty import Fault

NOISY = "noisy"
NOISY_BATCH = request_head(f"/api/tenants/{NOISY}/events", BATCH_TYPE)
TIMES = 3
"""How much more the noisy tenant sends than can be handled."""
SECONDS = 120
AFTERWARDS = 60.0
"""Seconds after which the host must be as it was before."""
MOST_MEMORY = 256 * 2**20
MOST_TIMES_SLOWER = 2.0
PER_SECOND = 20
"""Events of the other tenant."""
SLOWER = "times as slow for the other tenant"

_SHED = 429
_CONVERSATIONS = 12
_SIZE = 4 * _CONVERSATIONS
"""Events of a request of the noisy tenant."""
_LOOKS_EVERY = 0.002
_NUMBER = b"#number#"


class Batches(Sequence[bytes]):
    """Bodies of the noisy tenant's requests, each made when it is sent: so many conversations, from begin to end."""

    def __init__(self, name: str, count: int) -> None:
        named = f"{name}-{_NUMBER.decode()}"
        self._body = batch(mixed(conversations(_CONVERSATIONS, named=named, tenants=[NOISY])))
        self._count = count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> bytes: ...

    @overload
    def __getitem__(self, number: slice) -> Sequence[bytes]: ...

    def __getitem__(self, number: int | slice) -> bytes | Sequence[bytes]:
        if isinstance(number, slice):
            return [self[each] for each in range(*number.indices(self._count))]
        if number >= self._count:
            raise IndexError(number)
        return self._body.replace(_NUMBER, b"%d" % number)


@dataclass
class Outcome:
    """What was found. Latencies are the 99th of 100, in seconds; `normal_after` is None if it never was normal."""

    per_second: float
    alone: float
    beside: float = 0.0
    afterwards: float = 0.0
    normal_after: float | None = None
    memory: int = 0
    accepted: int = 0
    lost: int = 0
    answers: Counter[int] = field(default_factory=Counter)

    @property
    def slower(self) -> float:
        return self.beside / self.alone

    @property
    def wrong(self) -> list[str]:
        """What is not as it must be."""
        found = {
            "lost": self.lost > 0,
            SLOWER: self.slower > MOST_TIMES_SLOWER,
            "memory": self.memory > MOST_MEMORY,
            "not normal in time": self.normal_after is None or self.normal_after > AFTERWARDS,
            "nothing was refused": not self.answers[_SHED],
            "other answers": bool(set(self.answers) - {ACCEPTED, _SHED}),
        }
        return [name for name, is_so in found.items() if is_so]


def _noise(port: int, count: int, pause: float) -> Counter[int]:
    """In a process of its own: post so many batches on time. Returns how often each status was answered."""
    answers: Counter[int] = Counter()

    def noted(answered: Answered) -> None:
        answers[answered.status] += 1

    asyncio.run(post_on_time(port, NOISY_BATCH, Batches("overload", count), pause, noted))
    return answers


async def _prepared(file: Path) -> Pseudonyms:
    pipeline = embedded_on(Database(file), SystemClock())
    try:
        for tenant in (TENANT, NOISY):
            await pipeline.configurations.put(tenant, configuration(tenant), None)
        return await pipeline.configurations.pseudonyms(TENANT)
    finally:
        await pipeline.close()


async def _latency(running: Host, pseudonyms: Pseudonyms, name: str, seconds: float) -> float:
    """Post the other tenant's events for so long. Returns the 99th of 100 latencies."""
    loop, watch = asyncio.get_running_loop(), Watch(running.reader)
    events = mixed(conversations(max(1, int(seconds * PER_SECOND / 4)), named=name))

    def noted(answered: Answered) -> None:
        assert answered.status == ACCEPTED, answered.status
        subject, number = f"{name}-{answered.number % (len(events) // 4)}", answered.number // (len(events) // 4)
        found = fact_id(pseudonyms, subject, "/shop/chat", f"{subject}-{number}")
        watch.accepted([("", conversation_key(subject), found)], answered.planned)

    posting = asyncio.create_task(post_on_time(running.port, ONE_EVENT, events, 1 / PER_SECOND, noted))
    while not posting.done() or watch.pending:
        await asyncio.sleep(_LOOKS_EVERY)
        watch.look(loop.time())
    await posting
    return quantiles(watch.latencies, n=100)[98]


async def measured(file: Path, seconds: int, fault: Fault | None = None) -> Outcome:
    """Play it on a new file. `fault`: the host has it in the place of the real part."""
    pseudonyms = await _prepared(file)
    now = format_time(datetime.now(UTC))
    own = [sys.executable, "-m", "tests.prove.crashing_host", str(file), now, fault.__name__] if fault else None
    with host(file, own) as running, multiprocessing.get_context("spawn").Pool(1) as pool:
        quarter = max(5, seconds // 4)
        began = time.monotonic()
        first = await post_all(running.port, NOISY_BATCH, iter(Batches("warm-up", 80)), 4)
        running.wait_until_idle()
        per_second = 80 * _SIZE / (time.monotonic() - began)
        outcome = Outcome(per_second, await _latency(running, pseudonyms, "alone", quarter))
        pause = _SIZE / (per_second * TIMES)
        noise = pool.apply_async(_noise, (running.port, int(seconds / pause), pause))
        outcome.beside = await _latency(running, pseudonyms, "beside", seconds)
        outcome.answers = noise.get()
        ended = time.monotonic()
        running.wait_until_idle()
        outcome.normal_after = time.monotonic() - ended
        outcome.afterwards = await _latency(running, pseudonyms, "afterwards", quarter)
        outcome.memory = running.observed.memory.resident
        outcome.accepted = _SIZE * (first[ACCEPTED] + outcome.answers[ACCEPTED])
        outcome.lost = outcome.accepted - running.facts(NOISY)
    return outcome


def slower_by(fault: Fault, seconds: int = 15) -> int:
    """How many times as slow the other tenant's events are beside a noisy one; 0 if that is as it must be."""
    with tempfile.TemporaryDirectory() as folder:
        outcome = asyncio.run(measured(Path(folder) / "patchbay.db", seconds, fault))
    return int(outcome.slower) if SLOWER in outcome.wrong else 0


def main(seconds: int = SECONDS) -> int:
    """Print the figures; 0 if all are as they must be."""
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(measured(Path(folder) / "patchbay.db", seconds))
    after = "never" if found.normal_after is None else f"{found.normal_after:.0f} s"
    print(
        f"noisy tenant: {TIMES} times {found.per_second:,.0f} events/s for {seconds} s: {found.accepted:,} accepted, "
        f"{found.lost} lost, {found.answers[_SHED]:,} of {found.answers.total():,} requests answered with 429; "
        f"{found.memory / 2**20:.0f} MiB; the other tenant's p99 {found.alone * 1000:.0f} ms alone, "
        f"{found.beside * 1000:.0f} ms beside it ({found.slower:.1f} times), {found.afterwards * 1000:.0f} ms "
        f"afterwards; handled {after} later; load average {os.getloadavg()[0]:.1f}"
        + (f"; wrong: {', '.join(found.wrong)}" if found.wrong else "")
    )
    return int(bool(found.wrong))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
