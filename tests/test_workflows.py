"""The workflows call what exists, may do no more than they must, and end."""

import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.documents import ROOT, codes, make_targets

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yaml"))
UNPINNED = codes((ROOT / "docs/operations/supply-chain.md").read_text(encoding="utf-8"), "Actions without a commit")
"""The actions for which no commit could be looked up, each with its reason on the page."""

_USES = re.compile(r"^ *(?:- )?uses: *(.*?) *$", re.MULTILINE)
_PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+|\./\.github/workflows/[\w.-]+\.yaml")

_MAKE = re.compile(r"^\s*make ([\w./-]+)", re.MULTILINE)
_SCRIPT = re.compile(r"^\s*(\.ci/[\w-]+)", re.MULTILINE)
_MODULE = re.compile(r"python3? -m ([\w.]+)")
_TESTS = re.compile(r"\btests/[\w/.-]+")


def read(file: Path) -> dict[str, Any]:
    """A workflow; YAML takes its member `on` for a truth value."""
    document: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return document


def commands(document: Any) -> Iterator[str]:
    """What the steps of a workflow run."""
    for job in document["jobs"].values():
        yield from (step["run"] for step in job.get("steps", []) if "run" in step)


def used(document: Any) -> Iterator[str]:
    """The actions and workflows that a workflow uses."""
    for job in document["jobs"].values():
        yield from (part["uses"] for part in (job, *job.get("steps", [])) if "uses" in part)


def without_commit(workflow: str) -> list[str]:
    """The actions that a workflow's text uses, and that are not pinned by a commit with its version beside it."""
    return [each for each in _USES.findall(workflow) if not _PINNED.fullmatch(each)]


def unknown(command: str) -> list[str]:
    """Make's targets, scripts, modules and tests that a command names and that do not exist."""
    # A target that is a file has its rule under a name with variables.
    targets = [name for name in _MAKE.findall(command) if "/" not in name]
    return [
        *(f"make {name}" for name in targets if name not in make_targets()),
        *(name for name in [*_SCRIPT.findall(command), *_TESTS.findall(command)] if not (ROOT / name).exists()),
        *(f"python -m {name}" for name in _MODULE.findall(command) if find_spec(name) is None),
    ]


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_calls_only_what_exists(file: Path) -> None:
    # given a workflow, when what it runs is looked for, then all is there
    found = [name for command in commands(read(file)) for name in unknown(command)]
    assert found == []
    assert all((ROOT / name).exists() for name in used(read(file)) if name.startswith("./"))


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_may_only_read_and_ends(file: Path) -> None:
    # given a workflow
    document = read(file)
    # when its permissions and limits are read
    # then it may read the code, and only who deploys may ask for a token
    assert document["permissions"] == {"contents": "read"}
    for job in document["jobs"].values():
        more = set(job.get("permissions", {})) - {"contents"}
        assert more <= ({"id-token"} if file.stem == "deploy" else set())
        # and every job ends
        assert "uses" in job or job["timeout-minutes"] <= 60
    # and it does not run twice at once
    assert document["concurrency"]["group"]
    # and no action keeps a token in the clone
    steps = [step for job in document["jobs"].values() for step in job.get("steps", [])]
    checkouts = [step for step in steps if "checkout" in step.get("uses", "")]
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_nothing_that_somebody_typed_becomes_a_part_of_a_command(file: Path) -> None:
    # given a workflow, when its commands are read, then whatever they are told comes in variables
    assert [command for command in commands(read(file)) if "${{" in command] == []


def test_every_action_is_a_commit_or_is_listed_with_its_reason() -> None:
    texts = [file.read_text(encoding="utf-8") for file in WORKFLOWS]
    # given all that workflows use, when it is read as text and as YAML, then nothing is missed
    uses = [each for text in texts for each in _USES.findall(text)]
    assert [each.split(" ")[0] for each in uses] == [name for file in WORKFLOWS for name in used(read(file))]
    # and what is no commit is listed, and what is listed is used
    assert {each for text in texts for each in without_commit(text)} == set(UNPINNED)
    # and an action is the same commit everywhere, and that commit one version
    actions = {each.partition("@")[0].lower(): set[str]() for each in uses}
    for each in uses:
        actions[each.partition("@")[0].lower()].add(each)
    assert all(len(pins) == 1 for pins in actions.values())


def test_an_action_that_may_change_is_noticed() -> None:
    # given actions by tag, branch, half a commit, and a commit without its version
    commit = "0123456789" * 4
    loose = [
        "a/b@v4",
        "a/b@main",
        f"a/b@{commit[:-1]} # v4.1.0",
        f"a/b@{commit}",
        f"a/b@{commit} # v4",
        "docker://alpine",
    ]
    workflow = "".join(f"      - uses: {each}\n" for each in [*loose, f"a/b/c@{commit} # v4.1.0"])
    # when they are read, then each is named, and one by commit and version is not
    assert without_commit(workflow) == loose


def test_what_does_not_exist_is_noticed() -> None:
    # given commands that name what is not there, when they are read, then it is named
    assert unknown("make fly\nmake test\n.ci/walk\npython -m nowhere\npytest tests/contract tests/gone") == [
        "make fly",
        ".ci/walk",
        "tests/gone",
        "python -m nowhere",
    ]
