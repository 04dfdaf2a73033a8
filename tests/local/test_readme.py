"""The README's session, typed in as it stands there, leads from the first message to the month's report."""

import re
import subprocess
import sys
from pathlib import Path

from openpyxl import load_workbook

from tests.documents import ROOT
from tests.local.test_host import running

README = (ROOT / "README.md").read_text(encoding="utf-8")
_ANSWERED = "until curl -s $api/../../health | grep -q '\"active\": 0'; do :; done"
"""Instead of a pause: waits until the bus is empty."""


def session(address: str) -> str:
    """The commands of the session, but for that which starts the host, at another address."""
    section = README.partition("\n## One session")[2].partition("\n## ")[0]
    blocks = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    started, *rest = blocks
    assert started.startswith("make start")
    commands = "".join(rest)
    assert commands.count("http://127.0.0.1:7071") == 1
    return "set -e\n" + commands.replace("http://127.0.0.1:7071", address).replace("sleep 2", _ANSWERED)


def test_the_session_works_as_it_stands(tmp_path: Path) -> None:
    # Given a folder as a clone has it, and a host
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / ".venv/bin").mkdir(parents=True)
    (tmp_path / ".venv/bin/python").symlink_to(sys.executable)
    with running(tmp_path / "data" / "patchbay.db") as host:
        # When all commands are typed in
        address = str(host.client.base_url).rstrip("/")
        typed = subprocess.run(
            ["bash", "-c", session(address)], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=120
        )
    # Then each is answered as the README says
    assert (typed.returncode, typed.stderr) == (0, "")
    assert '"rejected": [{' not in typed.stdout
    said = [
        '"state": "open"', '"queue": "CreditCardQueue"', "Rule 2, CreditCardRule, was applied", "My card was stolen",
        "Stolen card, caller verified", '{"accepted": ["m1", "m2"], "rejected": []}', '"counted": 1', ",counted,,1",
        '"through": "decision"',
    ]  # fmt: skip
    assert [text for text in said if text not in typed.stdout] == []
    # and the workbook is there
    [workbook] = tmp_path.glob("usage-contoso-*.xlsx")
    assert load_workbook(workbook).sheetnames


def test_a_reader_learns_first_that_a_bot_keeps_its_webhook() -> None:
    first = README.partition("\n## ")[0]
    assert "**Your bot keeps its webhook.**" in first
    assert "docs/senders.md#copies-by-a-bot-that-keeps-its-webhook" in first
    # and no guide to a sender comes before the one to the copies
    guide = (ROOT / "docs/senders.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## (.+)$", guide, re.MULTILINE)
    assert headings[:2] == ["Before you begin", "Copies by a bot that keeps its webhook"]
