"""The files of locked requirements, and what each of their entries allows."""

import re
from pathlib import Path

from packaging.requirements import Requirement

from tests.documents import ROOT

LOCKED = sorted([*ROOT.glob("requirements*.txt"), ROOT / "tests/conformance/earlier-runtime.txt"])
"""What `make` and Azure install."""

_ENTRY = re.compile(r"^[A-Za-z0-9].*(?:\n[ \t]+\S.*)*", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}(?![0-9a-f])")


def locked(text: str) -> list[tuple[Requirement, int]]:
    """The requirements of a file, each with the number of files that may be installed for it."""
    entries = _ENTRY.findall(text)
    return [(Requirement(each.split("\n")[0].rstrip(" \\")), len(_HASH.findall(each))) for each in entries]


def requirements(file: Path) -> list[Requirement]:
    """The requirements of a file, whatever versions of Python they are for."""
    return [each for each, _ in locked(file.read_text(encoding="utf-8"))]
