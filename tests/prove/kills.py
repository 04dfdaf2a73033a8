"""Proof: kill -9 at 50 random moments, and once at every named crash point, loses, doubles and blocks nothing.

    python -m tests.prove.kills [RUN ...]

Each RUN is `random` (ten kills at random moments) or a named crash point, such as `"EmbeddedBus.send before 7"`;
without one, the runs are those of the proof.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import httpx

from tests.builders import EXAMPLES
from tests.local.test_kill import CLOCK, Host, batches, conversations
from tests.prove.faulty import Fault

RANDOM = "random"
RANDOM_KILLS = 10
"""Kills in one run of this name."""
MAX_DEATHS = 50
"""The most deaths in a run; a host that dies more often does not stay up."""
LOST, DOUBLED, STUCK, DIFFERING = "lost", "doubled", "stuck", "not as rebuilt"
WRITES = (
    "EmbeddedBus.send",
    "EmbeddedBus._lock",
    "EmbeddedBus.complete",
    "EmbeddedConversations.append",
    "EmbeddedConversations.commit",
    "EmbeddedConversations.save_head",
    "EmbeddedLedger._put",
    "EmbeddedThreads.save",
)
RUNS = [RANDOM] * 5 + [f"{write} {moment} 7" for write in WRITES for moment in ("before", "within", "after")]


class Victim(Host):
    """A host that may die by itself, and is started again when a client does not reach it."""

    def __init__(self, database: Path, crash: Sequence[str] = (), fault: Fault | None = None) -> None:
        self.deaths = 0
        name = fault.__name__ if fault else "none"
        own = [sys.executable, "-m", "tests.prove.crashing_host", str(database), CLOCK, name]
        self._plain = own if fault else self.command(database)
        super().__init__(database, [*own, *crash] if crash else self._plain)

    def post(self, path: str, content: str) -> None:
        """Post as a client that repeats requests without an answer."""
        while True:
            try:
                self.client.post(path, content=content).raise_for_status()
            except httpx.TransportError:
                self.revive()
            else:
                return

    def revive(self) -> None:
        assert self.deaths < MAX_DEATHS, "the host does not stay up"
        self.kill()
        self.deaths += 1
        self._command = self._plain
        self.start()


def _activities(events: Sequence[dict[str, Any]]) -> list[str]:
    """A Bot Framework thread for every twentieth conversation, so that threads are written too."""
    subjects = sorted({event["subject"] for event in events})[::20]
    return [
        json.dumps(
            {
                "type": "message", "id": f"{subject}|{n}", "timestamp": f"2026-10-20T10:00:0{n}Z", "text": f"{n}",
                "conversation": {"id": subject}, "from": {"id": "u", "role": "user"},
            }
        )
        for subject in subjects
        for n in range(3)
    ]  # fmt: skip


def run(folder: Path, seed: int, name: str, fault: Fault | None = None) -> Counter[str]:
    """The figures of one run of 1,000 events with duplicates: deaths, and whatever is wrong after them.

    `fault`: the host has it in the place of the real part.
    """
    chance = Random(seed)
    host = Victim(folder / f"{seed}.db", () if name == RANDOM else name.split(), fault)
    try:
        events = _played(host, chance, _kills(name))
        stuck = _settled(host)
        lost, doubled = _verdict(host, events)
    finally:
        host.kill()
    differing = _differences(folder / f"{seed}.db")
    return Counter({"deaths": host.deaths, LOST: lost, DOUBLED: doubled, STUCK: stuck, DIFFERING: differing})


def _played(host: Victim, chance: Random, kills: int) -> list[dict[str, Any]]:
    """Post everything, with kills in between. Returns the events that were posted."""
    host.client.put("/api/tenants/contoso/configuration", content=(EXAMPLES / "contoso.yaml").read_bytes())
    events = conversations(chance)
    posts = [("/api/tenants/contoso/events", json.dumps(batch)) for batch in batches(events, chance)]
    posts += [("/api/tenants/contoso/channels/contoso-chat/webchat", body) for body in _activities(events)]
    chosen = set(chance.sample(range(len(posts)), kills))
    for number, (path, content) in enumerate(posts):
        host.post(path, content)
        if number in chosen:
            host.revive()
    return events


def _settled(host: Victim) -> int:
    while True:
        try:
            backlog = host.work_off()
        except httpx.TransportError:
            host.revive()
        else:
            return backlog["deadLetters"]


def _verdict(host: Victim, events: Sequence[dict[str, Any]]) -> tuple[int, int]:
    lost = doubled = 0
    for subject in sorted({event["subject"] for event in events}):
        entries = host.get(f"/api/tenants/contoso/conversations/{subject}/transcript?audience=agent")["entries"]
        texts = [entry["text"] for entry in entries]
        lost += len({f"{n}" for n in range(7)} - set(texts))
        doubled += len(texts) - len(set(texts))
    counted = host.get("/api/tenants/contoso/usage/2026-10")["counted"]
    expected = len(events) // 10 + len(_activities(events)) // 3
    return lost + max(0, expected - counted), doubled + max(0, counted - expected)


def _differences(database: Path) -> int:
    """The heads, decisions, ledger rows and days that differ from what the facts say."""
    command = [sys.executable, "-m", "local", "rebuild", "--database", str(database)]
    rebuilt = subprocess.run(command, capture_output=True, text=True, check=False)
    return sum(line.startswith(" ") for line in rebuilt.stdout.splitlines()) or abs(rebuilt.returncode)


def _kills(name: str) -> int:
    return RANDOM_KILLS if name == RANDOM else 0


def main(names: Sequence[str]) -> int:
    """Print the figures; 0 if nothing is wrong after any death."""
    totals: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        for seed, name in enumerate(names):
            totals += run(Path(folder), seed, name)
    at_random, points = sum(map(_kills, names)), sum(name != RANDOM for name in names)
    wrong = {figure: totals[figure] for figure in (LOST, DOUBLED, STUCK, DIFFERING)}
    print(
        f"kills: {totals['deaths']} ({at_random} at random, {points} named points) in {len(names)} runs "
        f"of 1,000 events: {', '.join(f'{number} {figure}' for figure, number in wrong.items())}"
    )
    return int(any(wrong.values()) or totals["deaths"] < at_random + points)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or RUNS))
