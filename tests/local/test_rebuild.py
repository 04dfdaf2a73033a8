"""`python -m local rebuild`: what is not what the facts make it is found, and repaired where that is asked for."""

import asyncio
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared.bootstrap import embedded
from shared.clock import MovableClock
from shared.events.envelope import parse_time
from shared.settings import Settings
from tests.builders import EXAMPLES, started

NOW = parse_time("2026-11-20T12:00:00Z")
SERVICES = ("COSMOS", "SERVICE_BUS", "STORAGE")
SAME = "contoso: 3 conversations and 1 months rebuilt from their facts, 0 differences"


@pytest.fixture(autouse=True)
def nothing_of_azure_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SERVICES:
        # Set and taken away, so that what the command sets is taken away in the end as well.
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database with two tenants, of which the first has three conversations of November."""
    database = tmp_path / "patchbay.db"

    async def record() -> None:
        pipeline = embedded(Settings(database=database), MovableClock(NOW))
        for tenant_id in ("contoso", "fabrikam"):
            body = (EXAMPLES / "contoso.yaml").read_bytes().replace(b"contoso\n", tenant_id.encode() + b"\n", 1)
            await pipeline.configurations.put(tenant_id, body, None)
        for key in ("c1", "c2", "c3"):
            event = started(key, at="2026-11-20T10:00:00Z")
            await pipeline.deliveries.deliver(event.to_json().encode())
        await pipeline.close()

    asyncio.run(record())
    return database


def rebuilt(file: Path, *options: str) -> tuple[int, list[str]]:
    """The exit code, and what the command says of the database."""
    result = CliRunner().invoke(cli, ["rebuild", "--database", str(file), *options])
    lines = result.output.splitlines()
    return result.exit_code, lines[1:] if lines[:1] == [str(file)] else lines


def broken(file: Path) -> None:
    """What somebody did who edited the file: a head and a row are gone, and a counter is wrong."""
    with sqlite3.connect(file) as connection:
        for sql in (
            "DELETE FROM heads WHERE key = 'c1'",
            "DELETE FROM contributions WHERE key = 'c2'",
            "UPDATE ledger_days SET count = count + 5 WHERE measure = 'counted'",
        ):
            assert connection.execute(sql).rowcount == 1
    connection.close()


def test_what_is_broken_is_found_repaired_and_found_no_more(file: Path) -> None:
    assert rebuilt(file, "--tenant", "contoso") == (0, [SAME])
    # Given a database that somebody edited
    broken(file)
    found = [
        "contoso: 3 conversations and 1 months rebuilt from their facts, 3 differences",
        "  c1: there are facts, and no head",
        "  2026-11: the row of c2 differs",
        "  2026-11: the days are not what the rows add up to",
    ]
    # When it is compared, then it fails and names what differs, again and again
    for _ in range(2):
        assert rebuilt(file, "--tenant", "contoso") == (1, found)
    # and when it is repaired, then it says what was written, and that nothing is left
    assert rebuilt(file, "--tenant", "contoso", "--repair") == (
        0,
        [
            *found,
            "  repair: 2026-11: the counters of 2026-11-20 are what the rows add up to",
            "  repair: c1: head, decisions and row are what its 1 facts make them",
            "  repair: c2: head, decisions and row are what its 1 facts make them",
            "contoso: repaired, 0 differences left",
        ],
    )
    assert rebuilt(file, "--tenant", "contoso", "--repair") == (0, [SAME])


def test_all_tenants_are_compared_or_the_one_that_is_named(file: Path) -> None:
    broken(file)
    others = "fabrikam: 0 conversations and 0 months rebuilt from their facts, 0 differences"
    status, lines = rebuilt(file)
    assert (status, lines[-1]) == (1, others)
    assert rebuilt(file, "--tenant", "fabrikam") == (0, [others])
    status, lines = rebuilt(file, "--tenant", "nobody")
    assert status == 1
    assert lines[0].startswith("Patchbay does not rebuild: ")


def test_services_that_the_environment_names_only_in_part_are_no_reason_to_take_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COSMOS__accountEndpoint", "https://books.documents.azure.com:443/")
    monkeypatch.setenv("PATCHBAY_DATABASE", str(file))
    result = CliRunner().invoke(cli, ["rebuild"])
    assert result.exit_code == 1
    assert "SERVICE_BUS__fullyQualifiedNamespace" in result.output


def test_without_a_word_of_azure_the_file_of_the_settings_is_taken(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHBAY_DATABASE", str(file))
    result = CliRunner().invoke(cli, ["rebuild"])
    assert (result.exit_code, result.output.splitlines()[:2]) == (0, [str(file), SAME])


@pytest.mark.parametrize("command", ["rebuild", "dead-letters"])
def test_a_database_that_is_not_there_is_named_and_not_made(command: str, tmp_path: Path) -> None:
    # Given a name with a typing error, when it is to be looked at
    file = tmp_path / "patchby.db"
    result = CliRunner().invoke(cli, [command, "--database", str(file)])
    # Then the command fails and names it, and no empty one is there to be taken for a clean one
    assert (result.exit_code, f"there is no database {file}" in result.output) == (1, True)
    assert not file.exists()
