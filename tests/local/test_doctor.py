"""`python -m local doctor FILE`: a diagnosis for people, or as JSON, and an exit code for scripts."""

import json
import subprocess
import sys
from pathlib import Path

from typer.testing import CliRunner

from local.__main__ import cli
from tests.builders import EXAMPLES
from tests.diagnosis.doctor import PAYLOADS

ROOT = Path(__file__).parent.parent.parent


def run(*arguments: str) -> tuple[int, str]:
    """The exit code, and the output."""
    result = CliRunner().invoke(cli, ["doctor", *arguments])
    return result.exit_code, result.stdout


def test_a_payload_is_shown_with_what_it_becomes_and_what_to_mend(tmp_path: Path) -> None:
    # given an escalation of now with a variable that is a boolean
    said = json.loads((PAYLOADS / "context-boolean.json").read_text(encoding="utf-8"))
    file = tmp_path / "escalation.json"
    file.write_text(json.dumps({**said, "timestamp": None}), encoding="utf-8")
    # when it is diagnosed
    code, shown = run(str(file), "--account", "contoso-chat")
    # then each thing is a line
    lines = [" ".join(line.split()) for line in shown.splitlines()]
    assert lines[0] == "botFramework, as tenant contoso reads it at contoso-chat/webchat"
    assert any(line.startswith("bot.escalated a2#escalate: ") and "queue CreditCardQueue" in line for line in lines)
    [found] = [line for line in lines if line.endswith("(context_value_unusable)")]
    assert found.startswith("warning channelData.tags.context.Vip: context value is boolean: text or integer only")
    # and the command succeeds, for the ingress takes it
    assert code == 0


def test_the_command_runs_from_the_shell_and_fails_where_the_ingress_refuses() -> None:
    # given a file that is no payload, when the command is run
    file = str(PAYLOADS / "not-json.txt")
    command = [sys.executable, "-m", "local", "doctor", file, "--json", "--tenant-file", "examples/fabrikam.yaml"]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=60)
    # then it says so in JSON, and fails
    assert (result.returncode, result.stderr) == (1, "")
    assert [found["code"] for found in json.loads(result.stdout)["findings"]] == ["unknown_dialect"]


def test_what_cannot_be_judged_is_a_wrong_command(tmp_path: Path) -> None:
    # given a channel that the tenant does not declare, or a configuration with a mistake
    wrong = tmp_path / "tenant.yaml"
    wrong.write_text((EXAMPLES / "contoso.yaml").read_text(encoding="utf-8").replace("UTC", "Bonn"), encoding="utf-8")
    # when a payload is diagnosed by it, then the command itself is wrong
    assert run(str(PAYLOADS / "bridged.json"), "--account", "gone")[0] == 2
    assert run(str(PAYLOADS / "bridged.json"), "--tenant-file", str(wrong))[0] == 2
