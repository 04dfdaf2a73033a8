"""Every command that cannot do its work says why in one line, and fails; none shows a traceback."""

import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from local.__main__ import cli
from tests.local.test_host import ROOT
from tests.standins import free_port

NOTHING = "{free}"
"""Stands for a port that nobody listens on."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with files that are not what commands expect."""
    folder = tmp_path_factory.mktemp("wrong")
    (folder / "garbage.db").write_bytes(b"garbage" * 1000)
    (folder / "folder.db").mkdir()
    with sqlite3.connect(folder / "other.db") as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    return folder


_OF_A_FILE = ("start --port 0", "rebuild", "dead-letters", "backup {folder}/copy.db")
_CASES = [
    *(f"{command} --database {{folder}}/{file}" for command in _OF_A_FILE for file in ("garbage.db", "folder.db")),
    *(f"{command} --database {{folder}}/garbage.db/x.db" for command in _OF_A_FILE),
    *(f"{command} --database {{folder}}/absent.db" for command in _OF_A_FILE[1:]),
    *(f"{command} --database /proc/patchbay.db" for command in _OF_A_FILE),
    *(f"{command} --database {{folder}}/other.db" for command in _OF_A_FILE),
    *(f"restore {file} --database {{folder}}/new.db" for file in ("{folder}/absent.db", "{folder}/garbage.db", "docs")),
    "restore {folder}/garbage.db --database /proc/patchbay.db",
    "restore {folder}/garbage.db --database {folder}/garbage.db",
    "replay --port {free}",
    "replay --port {free} --all",
    "replay some-id --port {free}",
    "replay --url http://127.0.0.1:{free}",
    "demo --folder {folder}",
    "demo --folder {folder}/garbage.db",
    "demo --folder /proc/demo",
    "lint {folder}/garbage.db",
    "doctor {folder}/garbage.db --tenant-file {folder}/garbage.db",
    "emulators",
]  # fmt: skip


def told(words: Sequence[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "local", *words], check=False, cwd=ROOT, capture_output=True, text=True, timeout=60
    )


@pytest.mark.parametrize("case", ["replay --port {free}", "start --port 0 --database {folder}/garbage.db"])
def test_the_process_ends_with_a_line_and_a_code(folder: Path, case: str) -> None:
    ended = told(case.format(folder=folder, free=free_port()).split())
    assert (ended.returncode, ended.stdout) == (1, "")
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("case", _CASES)
def test_a_command_that_cannot_do_its_work_says_why_and_fails(
    folder: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given emulators that nobody started
    port = free_port()
    monkeypatch.setenv("COSMOS", f"AccountEndpoint=http://127.0.0.1:{port}/;AccountKey=YQ==;")
    if not case.startswith("emulators"):
        monkeypatch.delenv("COSMOS")
    # when the command is run
    result = CliRunner().invoke(cli, case.format(folder=folder, free=port).split())
    # then it ends by itself, with a code and a sentence
    assert isinstance(result.exception, SystemExit), result.exception
    assert result.exit_code in (1, 2)
    assert len(result.output.splitlines()) == 1
    assert "Errno" not in result.output
    # and what is to be done, where the files are what is wrong
    if "--database" in case or case.startswith("demo"):
        assert any(remedy in result.output for remedy in ("name a", "name the", "move the copy", "say --replace"))


def test_every_command_has_a_case() -> None:
    commands = set(get_command(cli).commands)  # type: ignore[attr-defined]  # the click group of the commands
    assert {case.split()[0] for case in _CASES} == commands
