"""`python -m local lint FILE`: a line per mistake or finding, and an exit code for scripts."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from tests.builders import EXAMPLES, small_document

ROOT = Path(__file__).parent.parent.parent


def linted(file: Path) -> tuple[int, list[str]]:
    """The exit code, and the lines of the output."""
    result = CliRunner().invoke(cli, ["lint", str(file)])
    return result.exit_code, result.stdout.splitlines()


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_clean_file_gives_no_line(path: Path) -> None:
    # given an example, when it is linted, then there is nothing to say
    assert linted(path) == (0, [])


def test_the_command_runs_from_the_shell(tmp_path: Path) -> None:
    # given contoso's configuration with an agent that is stronger than the bot
    file = tmp_path / "configuration.yaml"
    text = (EXAMPLES / "contoso.yaml").read_text(encoding="utf-8")
    weak = "bot, capacity: 1}, {agent: ana, capacity: 2}"
    file.write_text(text.replace("bot, capacity: 100}", weak), encoding="utf-8")
    # when the command is run
    command = [sys.executable, "-m", "local", "lint", str(file)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    # then it says so in one line, and fails
    assert (result.returncode, result.stderr) == (1, "")
    [line] = result.stdout.splitlines()
    # at the line and column where it stands
    place = f"{file}:11:49: "
    assert line.startswith(f"{place}queues[0].members[0].capacity: agent ana has a capacity of 2 in BotQueue")
    assert line.endswith(" (bot_not_first)")


@pytest.mark.parametrize("indent", [None, "\t"])
def test_json_is_read_too(tmp_path: Path, indent: str | None) -> None:
    # given a configuration in JSON, on one line or with tabs, that leads to an empty queue
    file = tmp_path / "configuration.json"
    file.write_text(json.dumps(small_document(), indent=indent), encoding="utf-8")
    # when it is linted, then that is found
    code, [line] = linted(file)
    assert code == 1
    assert line == "queues[0].members: work stream W leads to Q, where nobody is: add a member (empty_queue)"


def test_every_mistake_is_a_line(tmp_path: Path) -> None:
    # given a configuration with two mistakes
    file = tmp_path / "configuration.json"
    file.write_text(json.dumps(small_document(timeZone="Bonn", colour="red")), encoding="utf-8")
    # when it is linted, then each is a line, and findings wait until they are mended
    assert linted(file) == (
        1,
        [
            "timeZone: is no IANA time zone, such as Europe/Berlin (invalid_configuration)",
            "colour: is not known here (invalid_configuration)",
        ],
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "FILE:1:5: the body is neither JSON nor YAML: "),
        ("{", "the body is not JSON: "),
        ("", "a configuration is a mapping"),
        ("- a", "a configuration is a mapping"),
        ("tenantId: 5", "FILE:1:1: tenantId: should be a valid string"),
    ],
)
def test_what_is_no_configuration_is_said_in_one_line(tmp_path: Path, text: str, said: str) -> None:
    # given a file that is no configuration
    file = tmp_path / "configuration.yaml"
    file.write_text(text, encoding="utf-8")
    # when it is linted, then a line says so
    code, lines = linted(file)
    assert code == 1
    assert lines[0].startswith(said.replace("FILE", str(file)))
    assert all(line.endswith("(invalid_configuration)") for line in lines)


@pytest.mark.parametrize("text", ["timezone: UTC\ntenantId: 5\ncolour: red\n", "colour: red\nbots: 5\ntenantId: 5\n"])
def test_mistakes_are_told_from_the_top_of_the_file_down(tmp_path: Path, text: str) -> None:
    # given wrong members and unknown ones in any order
    file = tmp_path / "configuration.yaml"
    file.write_text(text, encoding="utf-8")
    # when it is linted, then they come as they stand there
    placed = [line.removeprefix(f"{file}:").split(":")[0] for line in linted(file)[1]]
    assert placed[:3] == ["1", "2", "3"]
    # and what is missing comes last
    assert placed[3:] == ["defaultWorkStream", "queues", "workStreams"]


def test_a_file_that_is_not_there_is_a_wrong_command(tmp_path: Path) -> None:
    # given no file, when it is linted, then the command itself is wrong
    assert linted(tmp_path / "gone.yaml")[0] == 2
