"""`python -m local start` as a process: it serves on loopback, ends cleanly, and takes no file that is taken."""

import os
import resource
import shlex
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from local.__main__ import cli
from tests.builders import EXAMPLES, document
from tests.log_scan import seeds_in

ROOT = Path(__file__).parent.parent.parent
CLOCK = "2026-10-20T12:00:00Z"
TIMEOUT = 30.0


@dataclass(frozen=True)
class Process:
    """A running host and a client that talks to it."""

    process: subprocess.Popen[str]
    client: httpx.Client

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Ask it to end; the exit code."""
        self.process.send_signal(number)
        return self.process.wait(TIMEOUT)

    def configured(self) -> "Process":
        body = (EXAMPLES / "contoso.yaml").read_bytes()
        self.client.put("/api/tenants/contoso/configuration", content=body).raise_for_status()
        return self

    def begin(self, name: str) -> None:
        """A conversation with the bot, recorded."""
        data = {"channel": {"accountId": "contoso-app", "channelId": "app"}, "customer": {"id": "u"}}
        event = document("conversation.started", data, name, "2026-10-20T11:00:00Z")
        self.client.post("/api/tenants/contoso/events", json=event).raise_for_status()
        self.until(lambda: self.backlog()["active"] == 0)

    def backlog(self) -> dict[str, int]:
        waiting: dict[str, int] = self.client.get("/api/health").raise_for_status().json()["bus"]
        return waiting

    def usage(self) -> dict[str, Any]:
        report: dict[str, Any] = self.client.get("/api/tenants/contoso/usage/2026-10").raise_for_status().json()
        return report

    @staticmethod
    def until(true: Callable[[], bool]) -> None:
        """Ask again and again, for another process tells nobody when it is done."""
        deadline = time.monotonic() + TIMEOUT
        while not true():
            assert time.monotonic() < deadline, "it does not come true"


def command(database: Path, *options: str) -> list[str]:
    # Nobody reads what it prints until it has ended, and a pipe holds some hundred lines.
    return [sys.executable, "-m", "local", "start", "--quiet", "--database", str(database), *options]


def popen(database: Path, *options: str, environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    return started(command(database, *options), environment)


def started(line: Sequence[str], environment: Mapping[str, str] | None = None) -> subprocess.Popen[str]:
    pipe, variables = subprocess.PIPE, {**os.environ, **(environment or {})}
    return subprocess.Popen(line, cwd=ROOT, env=variables, stdout=pipe, stderr=pipe, text=True)


def address_of(process: subprocess.Popen[str]) -> str:
    """The address that it says it listens on."""
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Patchbay listens on http://127.0.0.1:"), line
    return line.split(" (")[0].rpartition(" ")[2]


@contextmanager
def running(database: Path, *options: str, environment: Mapping[str, str] | None = None) -> Iterator[Process]:
    """A host on the file and a free port, gone at the end; `environment` has more settings for it."""
    with served_by(popen(database, "--port", "0", *options, environment=environment)) as host:
        yield host


@contextmanager
def served_by(process: subprocess.Popen[str]) -> Iterator[Process]:
    try:
        with httpx.Client(base_url=address_of(process), timeout=TIMEOUT) as client:
            client.get("/api/health").raise_for_status()
            yield Process(process, client)
    finally:
        process.kill()
        assert seeds_in("".join(process.communicate())) == []


def refused(database: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """A start that must end by itself, and what it said."""
    return subprocess.run(
        command(database, *options), check=False, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT
    )


def refused_here(folder: Path, *options: str) -> Result:
    """A start in this process, and what it said: with a folder for its database, so that it serves in no case."""
    _, _, _, *words = command(folder, *options)
    result = CliRunner().invoke(cli, words)
    assert isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture(scope="module")
def movable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    """A host on a clock that can be moved, shared by the tests that leave nothing behind."""
    with running(tmp_path_factory.mktemp("movable") / "patchbay.db", "--clock", CLOCK) as host:
        yield host


def test_it_answers_on_loopback_and_nowhere_else(movable: Process) -> None:
    assert movable.client.get("/api/health").json()["status"] == "healthy"
    port = movable.client.base_url.port
    assert port is not None
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.2", port), TIMEOUT):
        raise AssertionError("unreachable")


def test_the_address_that_it_announces_says_what_runs(movable: Process) -> None:
    # When somebody opens it, then it says where it listens, on which file, and when its timers run
    start = movable.client.get("/").raise_for_status().json()
    assert start["address"] == str(movable.client.base_url).rstrip("/")
    running = {part["name"]: part["state"] for part in start["running"]}
    assert running["Database"].endswith("patchbay.db")
    assert running["Timer monthly_usage"] == "next at 2026-10-21T02:30:00Z"


def test_its_clock_stands_where_it_was_told_and_moves_when_it_is_told(movable: Process) -> None:
    # Given a host that was started with --clock
    def now() -> str:
        return str(movable.client.get("/api/health").json()["time"])

    assert now() == "2026-10-20T12:00:00+00:00"
    # When it is moved, then it answers where it stands
    moved = movable.client.post("/local/clock", json={"advance": "PT10M"})
    assert (moved.status_code, moved.json()) == (200, {"now": "2026-10-20T12:10:00+00:00"})
    assert movable.client.post("/local/clock", json={"advance": "PT0.5S"}).status_code == 200
    assert now() == "2026-10-20T12:10:00.500000+00:00"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"[]", b"7", b'"PT1M"', b"{}", b'{"advance": null}', b'{"advance": "soon"}',
     b'{"advance": "-PT1S"}', b'{"advance": "P9999999999D"}', b'{"advance": NaN}', b'{"advance": true}',
     b'{"advance": {"minutes": 1}}', b'{"advance": ' + b"[" * 100_000],
)  # fmt: skip
def test_its_clock_refuses_what_is_no_duration(movable: Process, body: bytes) -> None:
    before = movable.client.get("/api/health").json()["time"]
    answer = movable.client.post("/local/clock", content=body)
    assert answer.status_code == 400
    assert "advance" in answer.json()["detail"]
    assert movable.client.get("/api/health").json()["time"] == before


def test_a_host_on_the_machines_clock_has_no_clock_to_move(tmp_path: Path) -> None:
    with running(tmp_path / "patchbay.db") as host:
        assert host.client.post("/local/clock", json={"advance": "PT10M"}).status_code == 404


def test_a_timer_function_runs_when_it_is_asked_for(tmp_path: Path) -> None:
    with running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        # Given a counted conversation
        host.configured().begin("c1")
        assert (host.usage()["counted"], host.usage()["version"]) == (1, 1)
        # When the roll-up is asked for, then it is accepted, as the Functions host does
        answer = host.client.post("/admin/functions/monthly_usage", json={"input": ""})
        assert (answer.status_code, answer.content) == (202, b"")
        # and it has been done: what comes now belongs to the next version
        host.begin("c2")
        assert (host.usage()["counted"], host.usage()["version"]) == (2, 2)


@pytest.mark.parametrize("name", ["unknown", "health", "message_posted", "%00"])
def test_only_timer_functions_can_be_asked_for(movable: Process, name: str) -> None:
    answer = movable.client.post(f"/admin/functions/{name}", json={"input": ""})
    assert answer.status_code == 404


def test_sigterm_ends_it_cleanly_while_requests_are_made(tmp_path: Path) -> None:
    # Given a host, and clients that post one line after the other
    numbers, accepted, enough = count(), list[str](), threading.Event()

    def post_until_it_is_gone(address: str) -> set[int]:
        answers: set[int] = set()
        with httpx.Client(base_url=address, timeout=TIMEOUT) as client:
            for number in numbers:
                data = {"author": {"role": "customer", "id": "u"}, "text": f"{number}"}
                line = document("message.posted", data, "c1", "2026-10-20T11:00:00Z", event_id=f"{number}")
                try:
                    answer = client.post("/api/tenants/contoso/events", json=line)
                except httpx.HTTPError:
                    return answers
                answers.add(answer.status_code)
                accepted.extend(answer.json()["accepted"] if answer.status_code == 202 else ())
                if len(accepted) > 100:
                    enough.set()
        return answers

    with ThreadPoolExecutor(4) as clients, running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        address = str(host.configured().client.base_url)
        answers = [clients.submit(post_until_it_is_gone, address) for _ in range(4)]
        assert enough.wait(TIMEOUT)
        # When it is told to end in the middle of that
        assert host.end(signal.SIGTERM) == 0
        assert set.union(*(one.result() for one in answers)) == {202}
        _, complaints = host.process.communicate()
        assert complaints == ""
    # Then whatever it accepted is there after the next start
    with running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        host.until(lambda: host.backlog()["active"] == 0)
        transcript = host.client.get("/api/tenants/contoso/conversations/c1/transcript").json()
    assert {entry["id"] for entry in transcript["entries"]} >= set(accepted)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_as_soon_as_it_listens_is_heard(tmp_path: Path, number: signal.Signals) -> None:
    for attempt in range(2):
        # Given a host that has just said that it listens
        host = popen(tmp_path / f"{attempt}.db", "--port", "0")
        try:
            address_of(host)
            # When it is told to end at that moment, then it does
            host.send_signal(number)
            assert host.wait(TIMEOUT / 3) == 0
        finally:
            host.kill()
            host.communicate()


@pytest.mark.parametrize("missing", [[], ["httptools", "uvloop"]])
def test_it_serves_and_ends_alike_with_and_without_what_makes_it_faster(tmp_path: Path, missing: list[str]) -> None:
    # Given a host to which these packages are not installed
    program = f"import sys; sys.modules.update(dict.fromkeys({missing})); from local.__main__ import cli; cli()"
    line = [sys.executable, "-c", program, "start", "--quiet", "--port", "0", "--database", str(tmp_path / "p.db")]
    with served_by(started([*line, "--clock", CLOCK])) as host:
        loaded = Path(f"/proc/{host.process.pid}/maps").read_text(encoding="utf-8")
        assert ("/uvloop/" in loaded, "/httptools/" in loaded) == (not missing, not missing)
        # When it has recorded something, and is told to end
        host.configured().begin("c1")
        assert host.usage()["counted"] == 1
        assert host.end() == 0
        # Then it says nothing
        assert host.process.communicate() == ("", "")


def test_a_second_start_on_the_same_file_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "patchbay.db"
    with running(path) as host:
        second = refused(path, "--port", "0")
        assert second.returncode == 1
        assert str(path) in second.stderr
        assert "Traceback" not in second.stderr
        # and the first is not disturbed
        assert host.client.get("/api/health").status_code == 200
        assert host.end() == 0
    # When the first has ended, then the file is free
    with running(path) as host:
        assert host.end(signal.SIGINT) == 0


def test_a_port_that_is_taken_is_refused(movable: Process, tmp_path: Path) -> None:
    port = str(movable.client.base_url.port)
    second = refused_here(tmp_path, "--port", port)
    assert second.exit_code == 1
    assert f"port {port}: Address already in use; name another with --port" in second.stderr


@pytest.mark.parametrize("options", [("--clock", "soon"), ("--port", "70000"), ("--unknown",)])
def test_a_start_that_makes_no_sense_says_how_to_start(tmp_path: Path, options: tuple[str, ...]) -> None:
    wrong = refused_here(tmp_path, *options)
    assert (wrong.exit_code, wrong.stdout) == (2, "")
    assert options[0].strip("-") in wrong.stderr


@pytest.mark.parametrize("mask", ["000", "022"])
def test_what_it_writes_is_its_owners_alone_whatever_the_umask(tmp_path: Path, mask: str) -> None:
    # given a host that was started with a umask that gives others all, or the usual one
    line = shlex.join(command(tmp_path / "data" / "patchbay.db", "--port", "0", "--clock", CLOCK))
    with served_by(started(["sh", "-c", f"umask {mask}; exec {line}"])) as host:
        # when a conversation is archived
        host.configured().begin("c1")
        host.client.post("/local/clock", json={"advance": "P40D"}).raise_for_status()
        host.until(lambda: host.backlog()["active"] == 0)
        host.client.post("/local/clock", json={"advance": "P2D"}).raise_for_status()
        host.until(lambda: any(tmp_path.rglob("0.json")))
        # then nobody else can read any of its files, or list its folders
        made = [(path, stat.S_IMODE(path.stat().st_mode)) for path in tmp_path.rglob("*")]
        assert {path.name for path, _ in made} >= {"data", "patchbay.db", "patchbay.db-wal", "patchbay.archive"}
        assert [path for path, mode in made if mode != (0o700 if path.is_dir() else 0o600)] == []


def test_on_a_full_disk_it_is_not_healthy_until_there_is_room(tmp_path: Path) -> None:
    with running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        host.configured().begin("c1")
        # given a system that takes nothing more of what the host writes
        before = resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, (4096, before[1]))
        # then it says within seconds that its store is not reachable, and takes no post
        host.until(lambda: host.client.get("/api/health").status_code == 503)
        answer = host.client.get("/api/health")
        assert answer.json()["status"] == "unhealthy"
        assert answer.json()["store"] == {"reachable": False, "failure": "StoreUnavailable"}
        event = document("message.posted", {"author": {"role": "customer", "id": "u"}, "text": "x"}, "c1", CLOCK)
        assert host.client.post("/api/tenants/contoso/events", json=event).status_code >= 500
        # and when there is room again, then it is healthy, and goes on, and the probe has left nothing
        resource.prlimit(host.process.pid, resource.RLIMIT_FSIZE, before)
        host.until(lambda: host.client.get("/api/health").json()["status"] == "healthy")
        host.begin("c2")
        assert all(path.name.startswith("patchbay.") for path in tmp_path.iterdir())
