"""Whatever is installed was locked: its version, and each file that it may come from."""

import re
from pathlib import Path

import pytest

from tests.documents import DOCUMENTS, ROOT, shell_blocks
from tests.requirements import LOCKED, locked, requirements
from tests.test_workflows import WORKFLOWS, commands, read

MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
ONLY_LOCKED = {"pip": ("--require-hashes", "--only-binary=:all:"), "uv pip": ("--require-hashes", "--no-build")}
"""What makes an installer refuse a file that was not locked, and build none: what builds one would have no hash."""

_INSTALL = re.compile(r"\b(uv pip|pip)3? install\b([^\n|;&]*)")
_VARIABLE = re.compile(r"\$\((\w+)\)")


def not_locked(text: str) -> list[str]:
    """The entries of a file of requirements that leave open which version, or which file, is installed."""
    return [
        str(each)
        for each, hashes in locked(text)
        if not hashes or [one.operator for one in each.specifier] != ["=="] or each.url
    ]


def open_installs(commands: str) -> list[str]:
    """The installations of Python's packages among commands that would take what was not locked."""
    return [
        " ".join(each.group().split())
        for each in _INSTALL.finditer(commands.replace("\\\n", " "))
        if not set(ONLY_LOCKED[each[1]]) <= set(each[2].split())
    ]


def expanded(makefile: str) -> str:
    """The Makefile with the values of its variables in place of their names."""
    values = dict(re.findall(r"^(\w+) :?= (.*)$", makefile, re.MULTILINE))
    return _VARIABLE.sub(lambda name: values.get(name[1], name[0]), makefile)


@pytest.mark.parametrize("file", LOCKED, ids=lambda file: file.name)
def test_every_requirement_has_one_version_and_the_hashes_of_its_files(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(locked(text)) == len(re.findall(r"^[A-Za-z0-9]", text, re.MULTILINE)) > 0
    assert not_locked(text) == []


@pytest.mark.parametrize("python", ["3.11", "3.13"])
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_each_version_of_python_that_runs_it_has_one_version_of_every_package(file: str, python: str) -> None:
    # given what is deployed on 3.13, and runs on 3.11 on one machine
    environment = {"python_version": python, "python_full_version": f"{python}.0"}
    # when the markers are asked, then no package has two versions
    names = [one.name for one in requirements(ROOT / file) if not one.marker or one.marker.evaluate(environment)]
    assert sorted(set(names)) == sorted(names)
    assert {"azure-functions", "pydantic"} <= set(names)
    # and the runtime of Azure Functions stands only where it runs
    assert ("azure-functions-runtime" in names) is (python == "3.13")


def test_every_installation_takes_what_was_locked_alone() -> None:
    # given all that is typed to install packages: by make, by workflows, by the script of the checks, in documents
    typed = [expanded(MAKEFILE), (ROOT / ".ci/run").read_text(encoding="utf-8")]
    typed += [command for file in WORKFLOWS for command in commands(read(file))]
    typed += [block for document in DOCUMENTS for block in shell_blocks(document.read_text(encoding="utf-8"))]
    # then none takes anything else
    assert len(re.findall(r"\bpip install\b", typed[0])) >= 6
    assert [each for text in typed for each in open_installs(text)] == []


def test_make_locks_hashes_and_every_locked_file() -> None:
    # given what `make lock` does
    assert "--generate-hashes" in expanded(MAKEFILE).partition("\nlock:")[2]
    written = {"requirements.txt", "requirements-dev.txt"}
    written |= {
        f"requirements-{each}.txt" for each in re.findall(r"^TOOLS := (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    }
    # then there is no other file of requirements than those that it writes
    assert {file.name for file in LOCKED if file.parent == ROOT} == written


def test_what_is_not_locked_is_noticed() -> None:
    # given entries without a hash, without a version, from elsewhere, or with half a hash
    hashed = f"--hash=sha256:{'0' * 64}"
    bad = f"one==1\n    # via two\ntwo>=2 \\\n    {hashed}\nthree @ https://example.com/three.whl \\\n    {hashed}\n"
    bad += f"four==4 ; python_version < '3.13' \\\n    {hashed[:-1]}\n"
    good = f"five==5 ; python_version < '3.13' \\\n    {hashed} \\\n    {hashed}\n    # via four\n"
    # when they are read, then they are named, and others are not
    assert [each.split(";")[0] for each in not_locked(bad + good)] == [
        "one==1",
        "two>=2",
        "three @ https://example.com/three.whl",
        "four==4",
    ]
    # and so are installations that take such
    safe = "python -m pip install --only-binary=:all: --require-hashes -r requirements.txt"
    assert open_installs(
        f"{safe}\npip install -r requirements.txt\nuv pip install \\\n  --require-hashes x || {safe}"
    ) == [
        "pip install -r requirements.txt",
        "uv pip install --require-hashes x",
    ]
