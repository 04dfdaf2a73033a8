"""kill -9 of the running pipeline: nothing accepted is lost, doubled or stuck."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import httpx
import pytest

from tests.builders import EXAMPLES

EVENTS = 1_000
KILLS = 5
CLOCK = "2026-10-20T12:00:00Z"


class Host:
    """The local host as a process that can be killed and started again on the same file."""

    def __init__(self, database: Path, command: list[str] | None = None) -> None:
        self._command = command or self.command(database)
        self._process: subprocess.Popen[str] | None = None
        self.client = self.start()

    @staticmethod
    def command(database: Path) -> list[str]:
        options = ["--quiet", "--port", "0", "--database", str(database), "--clock", CLOCK]
        return [sys.executable, "-m", "local", "start", *options]

    def start(self) -> httpx.Client:
        self._process = subprocess.Popen(self._command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        address = self._process.stdout.readline().split(" (")[0].rpartition(" ")[2]
        self.client = httpx.Client(base_url=address, timeout=30)
        return self.client

    def kill(self) -> None:
        assert self._process is not None
        if self._process.poll() is None:
            os.kill(self._process.pid, signal.SIGKILL)
        self._process.communicate()
        self.client.close()

    def work_off(self) -> dict[str, int]:
        """Wait for an empty bus; its backlog then."""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            backlog: dict[str, int] = self.client.get("/api/health").json()["bus"]
            if backlog["active"] == 0:
                return backlog
        raise AssertionError("the pipeline is stuck")

    def get(self, path: str) -> Any:
        return self.client.get(path).raise_for_status().json()


def conversations(chance: Random) -> list[dict[str, Any]]:
    """1,000 events of 100 conversations, as CloudEvents in random order within each tenth."""
    events = []
    for number in range(EVENTS // 10):
        place = {"channel": {"accountId": "contoso-app", "channelId": "app"}, "customer": {"id": "u"}}
        handover = {"botId": "contoso-bot", "contextVariables": {"BotHandoffTopic": "HomeLoan"}}
        authors = [{"role": chance.choice(["customer", "bot"]), "id": "contoso-bot"} for _ in range(7)]
        lines: list[tuple[str, dict[str, Any]]] = [
            ("conversation.started", place),
            *(("message.posted", {"author": author, "text": f"{n}"}) for n, author in enumerate(authors)),
            ("bot.escalated", handover),
            ("conversation.ended", {"endedBy": "agent", "reason": "resolved"}),
        ]
        for n, (kind, data) in enumerate(lines):
            events.append(
                {
                    "specversion": "1.0", "id": f"{number}-{n}", "source": "/kill", "type": kind, "tenantid": "contoso",
                    "subject": f"kill-{number}", "time": f"2026-10-{1 + number % 19:02}T10:00:{n:02}Z", "data": data,
                }
            )  # fmt: skip
    for start in range(0, EVENTS, 100):
        part = events[start : start + 100]
        chance.shuffle(part)
        events[start : start + 100] = part
    return events


def batches(events: list[dict[str, Any]], chance: Random) -> Iterator[list[dict[str, Any]]]:
    """Batches of up to ten, about a tenth of the events twice."""
    for start in range(0, len(events), 10):
        part = events[start : start + 10]
        yield part + [event for event in part if chance.random() < 0.1]


@pytest.mark.slow
def test_five_kills_in_a_run_of_a_thousand_events_lose_double_and_stop_nothing(tmp_path: Path) -> None:
    # Given a running pipeline and 1,000 events with duplicates
    chance = Random(7)
    host = Host(tmp_path / "patchbay.db")
    body = (EXAMPLES / "contoso.yaml").read_bytes()
    host.client.put("/api/tenants/contoso/configuration", content=body).raise_for_status()
    posts = list(batches(conversations(chance), chance))
    kills = set(chance.sample(range(5, len(posts)), KILLS))
    # When it is killed five times in the middle of its work, and clients send again what was not answered
    for number, batch in enumerate(posts):
        content = json.dumps(batch)
        host.client.post("/api/tenants/contoso/events", content=content).raise_for_status()
        if number in kills:
            host.kill()
            host.start()
            host.client.post("/api/tenants/contoso/events", content=content).raise_for_status()
    try:
        # Then nothing waits, nothing died
        assert host.work_off() == {"reachable": True, "active": 0, "deadLetters": 0}
        heads = host.get("/api/tenants/contoso/conversations")["conversations"]
        assert len(heads) == EVENTS // 10
        for head in heads:
            # and each conversation is whole: ended, routed twice, seven lines, each once
            transcript = host.get(f"/api/tenants/contoso/conversations/{head['key']}/transcript?audience=agent")
            assert sorted(line["text"] for line in transcript["entries"]) == [f"{n}" for n in range(7)]
            assert (head["state"], head["queue"]) == ("closed", "HomeLoanQueue")
        # and each is counted once
        assert host.get("/api/tenants/contoso/usage/2026-10")["counted"] == EVENTS // 10
    finally:
        host.kill()
