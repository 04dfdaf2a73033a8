"""Proof: kill -9 at 50 random moments, and once at every named crash point, loses, doubles and sticks nothing."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import httpx

from tests.builders import EXAMPLES
from tests.local.test_kill import CLOCK, Host, batches, conversations

RANDOM_KILLS = 50
WRITES = (
    "EmbeddedBus.send",
    "EmbeddedBus._lock",
    "EmbeddedBus.complete",
    "EmbeddedConversations.append",
    "EmbeddedConversations.commit",
    "EmbeddedConversations.save_head",
    "EmbeddedLedger.post",
    "EmbeddedThreads.save",
)


class Victim(Host):
    """A host that may die by itself, and is started again whenever a client finds it gone."""

    def __init__(self, database: Path, crash: Sequence[str] = ()) -> None:
        self.deaths = 0
        self._plain = self.command(database)
        crashing = [sys.executable, "-m", "tests.prove.crashing_host", str(database), CLOCK, *crash]
        super().__init__(database, crashing if crash else None)

    def post(self, path: str, content: str) -> None:
        """Post as a client does that repeats what was not answered."""
        while True:
            try:
                self.client.post(path, content=content).raise_for_status()
            except httpx.TransportError:
                self.revive()
            else:
                return

    def revive(self) -> None:
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


def run(folder: Path, seed: int, kills: int, crash: Sequence[str] = ()) -> tuple[int, int, int, int]:
    """(deaths, lost, doubled, stuck) of one run of 1,000 events with duplicates."""
    chance = Random(seed)
    host = Victim(folder / f"{seed}.db", crash)
    host.client.put("/api/tenants/contoso/configuration", content=(EXAMPLES / "contoso.yaml").read_bytes())
    events = conversations(chance)
    posts = [("/api/tenants/contoso/events", json.dumps(batch)) for batch in batches(events, chance)]
    posts += [("/api/tenants/contoso/channels/contoso-chat/webchat", body) for body in _activities(events)]
    chosen = set(chance.sample(range(len(posts)), kills))
    for number, (path, content) in enumerate(posts):
        host.post(path, content)
        if number in chosen:
            host.revive()
    stuck = _settled(host)
    lost, doubled = _verdict(host, events)
    host.kill()
    command = [sys.executable, "-m", "local", "rebuild", "--database", str(folder / f"{seed}.db")]
    same = subprocess.run(command, capture_output=True, check=False).returncode == 0
    return host.deaths, lost, doubled, stuck + (not same)


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


def main() -> int:
    """Print the figures; 0 if nothing was lost, doubled or stuck."""
    totals = [0, 0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        plans: list[tuple[int, Sequence[str]]] = [(10, ())] * (RANDOM_KILLS // 10)
        plans += [(0, (write, moment, "7")) for write in WRITES for moment in ("before", "after")]
        for seed, (kills, crash) in enumerate(plans):
            result = run(Path(folder), seed, kills, crash)
            totals = [total + one for total, one in zip(totals, result, strict=True)]
    deaths, lost, doubled, stuck = totals
    print(
        f"kills: {deaths} ({RANDOM_KILLS} at random, {len(WRITES) * 2} named points) in {len(plans)} runs "
        f"of 1,000 events: lost {lost}, doubled {doubled}, stuck or not rebuilt {stuck}"
    )
    return int(lost + doubled + stuck > 0 or deaths < RANDOM_KILLS + 2 * len(WRITES))


if __name__ == "__main__":
    sys.exit(main())
