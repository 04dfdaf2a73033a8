"""The command that starts stand-ins: what it tells the tests, and that it leaves nothing behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from tests.standins import NotStarted, _process

ROOT = Path(__file__).parent.parent.parent
_GIVEN = {
    "TEST_COSMOS_ENDPOINT": "http://127.0.0.1:1",
    "TEST_COSMOS_KEY": "a2V5",
    "TEST_SERVICE_BUS": "Endpoint=sb://127.0.0.1:2;SharedAccessKeyName=k;SharedAccessKey=secret;",
    "TEST_BLOB": "AccountName=a;AccountKey=secret;BlobEndpoint=http://127.0.0.1:3/a;",
}


def run(*command: str, **settings: str) -> tuple[int, str]:
    """The command's exit code and output, with nothing in its environment but the settings and a path."""
    environment = {"PATH": os.environ["PATH"], **settings}
    done = subprocess.run(
        [sys.executable, "-m", "tests.standins", *command],
        cwd=ROOT,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return done.returncode, done.stdout + done.stderr


def test_without_the_folder_the_command_runs_as_it_is(tmp_path: Path) -> None:
    # Given no stand-ins
    missing = tmp_path / "missing"
    # When a command runs
    code, output = run("--", "sh", "-c", 'echo "required: $REQUIRE_ENDPOINTS."; exit 7', STANDINS=str(missing))
    # Then it says so, and the command's exit code is its own
    assert code == 7
    assert f"no stand-ins in {missing}" in output
    assert "required: ." in output


def test_endpoints_that_are_given_are_used(tmp_path: Path) -> None:
    # Given all endpoints, and a folder in which nothing could be started
    code, output = run("--", "sh", "-c", 'echo "$REQUIRE_ENDPOINTS $TEST_BLOB"', STANDINS=str(tmp_path), **_GIVEN)
    # Then they are what the command gets, and what is shown has no key
    assert (code, output.splitlines()[-1]) == (0, f"1 {_GIVEN['TEST_BLOB']}")
    assert "  TEST_COSMOS_ENDPOINT=http://127.0.0.1:1\n" in output
    assert output.count("secret") == 1


def test_a_stand_in_that_does_not_start_is_named(tmp_path: Path) -> None:
    code, output = run("--", "true", STANDINS=str(tmp_path))
    assert code != 0
    assert "cosmos/server.py" in output


def test_what_was_started_is_gone_at_the_end_with_its_children(tmp_path: Path) -> None:
    # Given a process with a child that does not go on SIGTERM alone
    note = tmp_path / "child"
    script = f"trap '' TERM; sleep 60 & echo $! > {note}; exec sleep 60"
    # When it ends before it answers
    command = ["sh", "-c", f"({script}) & sleep 0.5; exit 1"]
    with pytest.raises(NotStarted), _process(command, {}, "tcp://127.0.0.1:1"):
        pass
    # Then its child is gone, too
    state = subprocess.run(["ps", "-o", "stat=", "-p", note.read_text().strip()], check=False, capture_output=True)
    assert state.stdout.strip()[:1] in (b"", b"Z")


def test_wrong_arguments_are_told_the_usage() -> None:
    code, output = run("make", "test")
    assert code == 2
    assert "usage: python -m tests.standins -- COMMAND" in output


def test_the_compose_file_serves_this_machine_only() -> None:
    # Given the emulators for `func start`
    services = yaml.safe_load((ROOT / "docker-compose.yaml").read_text(encoding="utf-8"))["services"]
    # Then there is one for each service, no port is open to others, and the bus has our entities
    assert set(services) == {"azurite", "cosmos", "service-bus", "sql"}
    ports = [port for service in services.values() for port in service.get("ports", [])]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)
    (mounted,) = services["service-bus"]["volumes"]
    file, place, mode = mounted.split(":")
    assert (ROOT / file).is_file()
    assert (place, mode) == ("/ServiceBus_Emulator/ConfigFiles/Config.json", "ro")
    # and every service that another one waits for exists, at a version that is written down
    waits = {other for service in services.values() for other in service.get("depends_on", {})}
    assert waits <= set(services)
    assert all(service["image"].rpartition(":")[2] not in ("", "latest") for service in services.values())
