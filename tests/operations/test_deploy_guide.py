"""The guide for operators: its commands can be read, use nothing undefined, and its check works on one machine."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from local.index import index
from tests.documents import ROOT, shell_blocks
from tests.infra.documents import DEPLOY
from tests.infra.predicted import INFRA, predicted
from tests.local.test_host import running
from tests.operations.guide import PAGES, commands, refused_by_azd, run
from tests.test_workflows import WORKFLOWS, read
from tests.test_workflows import commands as steps

BLOCKS = shell_blocks(DEPLOY)
AZD = yaml.safe_load((ROOT / "tests/operations/azd.yaml").read_text(encoding="utf-8"))
_ON_ONE_MACHINE = """
az() { echo token; }
sleep() { shows conversations/smoke-1 '"state": "closed"'; shows usage/$(date -u +%Y-%m) '"counted": 1'; }
shows() { until curl -s $api/tenants/smoke/$1 | grep -q "$2"; do :; done; }
"""
"""There is no directory to ask for a token, and nobody asks for one; the answer may be there at once."""


def below(heading: str) -> str:
    """The commands of a section."""
    section = DEPLOY.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    return "".join(shell_blocks(section))


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.split("\n")[0][:40])
def test_commands_are_commands_of_a_shell(block: str) -> None:
    read = subprocess.run(["bash", "-n"], input=block, capture_output=True, text=True, check=False)
    assert (read.returncode, read.stderr) == (0, "")


def test_every_variable_is_set_before_it_is_used() -> None:
    # given what azd says after a deployment, which the guide reads in one line
    assert "grep -E '^(PATCHBAY_(APP|URL|IDENTITY|KEY_VAULT|SERVICE_BUS)|AZURE_RESOURCE_GROUP)='" in DEPLOY
    known = {f"PATCHBAY_{name}" for name in ("APP", "URL", "IDENTITY", "KEY_VAULT", "SERVICE_BUS")}
    assert known == set(predicted("smallest").snapshot["outputs"])
    known.add("AZURE_RESOURCE_GROUP")
    # when the commands are read from top to bottom
    for block in BLOCKS:
        for line in block.splitlines():
            known |= set(re.findall(r"(?:^|[ (;])(\w+)=", line)) | set(re.findall(r"\bfor (\w+) in\b", line))
            # then each variable is known
            used = set(re.findall(r"(?<!\\)\$\{?([A-Za-z_]\w*)", line))
            assert used <= known, line


def test_every_file_of_a_command_exists() -> None:
    named = {each for block in BLOCKS for each in re.findall(r"(?:infra|examples)/[\w./-]+\.\w+", block)}
    assert named
    assert [each for each in sorted(named) if not (ROOT / each).exists()] == []


def test_azd_knows_every_command_that_pages_and_workflows_give_it() -> None:
    # given the commands of the pages for operators, and of the workflows
    pages = [words for page in PAGES for words in commands(page.read_text(encoding="utf-8"))]
    found = pages + [words for file in WORKFLOWS for words in run("\n".join(steps(read(file))))]
    given = [words for words in found if words[0] == "azd"]
    # when azd's reference is asked, then it has each of them
    assert len(given) >= 30
    assert [words for words in given if refused_by_azd(words, AZD)] == []


def test_azd_finds_the_templates_and_the_app() -> None:
    # given what azd reads
    project = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))
    # then the main file is where it says, and the app has the tag of its service
    assert (ROOT / project["infra"]["path"] / f"{project['infra']['module']}.bicep").samefile(INFRA / "main.bicep")
    tags = predicted("dev").the("Microsoft.Web/sites").body["tags"]
    assert [tags["azd-service-name"]] == list(project["services"])
    # and the group of the guide has the tag of its environment, which is on every resource
    (group,) = {tuple(each) for each in commands(DEPLOY) if each[1:3] == ["group", "create"] and "--tags" in each}
    assert group[-1] == f"azd-env-name={tags['azd-env-name']}"
    # and of what is packed nothing is left out that the app needs
    ignored = set((ROOT / ".funcignore").read_text(encoding="utf-8").split())
    assert not {"function_app.py", "functions", "shared", "host.json", "requirements.txt"} & ignored
    assert {"docs", "infra", "local", "tests", ".venv"} <= ignored
    # and the document knows how many functions it has then
    assert f"{len(index())} is right" in DEPLOY


def test_code_that_is_refused_before_a_role_is_known_is_deployed_again() -> None:
    (step,) = [each for each in steps(read(ROOT / ".github/workflows/deploy.yaml")) if "azd deploy" in each]
    assert step.count("|| { sleep") == 2


def test_what_is_deleted_can_be_restored_for_as_long_as_the_guide_says() -> None:
    deployment = predicted("everything")
    # given what keeps things that were deleted
    vault = deployment.the("Microsoft.KeyVault/vaults").properties
    store = deployment.the("Microsoft.DocumentDB/databaseAccounts").properties["backupPolicy"]
    blobs = deployment.of_type("Microsoft.Storage/storageAccounts/blobServices")
    (kept,) = [each.properties for each in blobs if "/stdata" in each.id]
    # then it does so for as long as the guide says
    assert "keeps its name for 90\ndays" in DEPLOY
    assert (vault["softDeleteRetentionInDays"], vault["enableSoftDelete"]) == (90, True)
    assert "can be restored for 7 days" in DEPLOY
    assert kept["deleteRetentionPolicy"] == kept["containerDeleteRetentionPolicy"] == {"enabled": True, "days": 7}
    assert "any time of the last 7 days" in DEPLOY
    assert store["continuousModeProperties"] == {"tier": "Continuous7Days"}


def test_the_guide_says_what_to_do_where_azure_refuses() -> None:
    # the upload, before a role is known everywhere
    assert "403 (`InaccessibleStorageException`)" in DEPLOY
    # the name of a vault that was deleted: it is recovered once
    assert [words[3:] for words in commands(DEPLOY) if "PATCHBAY_RECOVER_KEY_VAULT" in words] == [
        ["PATCHBAY_RECOVER_KEY_VAULT", "true"],
        ["PATCHBAY_RECOVER_KEY_VAULT", "false"],
    ]
    # and regions without zones
    assert any("--zone-redundant=true" in words for words in commands(DEPLOY))


def test_the_first_tenant_and_the_check_work_on_one_machine(tmp_path: Path) -> None:
    # given a host on one machine in place of the app
    commands = below("4. The first tenant") + below("5. Is everything there?")
    with running(tmp_path / "patchbay.db") as host:
        url = str(host.client.base_url).rstrip("/")
        # when the guide's commands are run as they stand
        ran = subprocess.run(
            ["bash", "-eu", "-c", _ON_ONE_MACHINE + commands],
            cwd=ROOT,
            env={**os.environ, "PATCHBAY_URL": url, "client": "client"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    # then the answers are those of the guide
    assert ran.returncode == 0, ran.stderr
    answers = [json.loads(line) for line in ran.stdout.splitlines() if line.startswith("{")]
    configured, health, accepted, conversation, usage = answers
    assert (configured["version"], health["status"]) == (1, "healthy")
    assert accepted == {"accepted": ["s1", "s2"], "rejected": []}
    assert (conversation["state"], usage["counted"]) == ("closed", 1)
