"""The project's documents, and the tables in them."""

import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])

CODE = re.compile(r"`([^`\n]+)`")
"""Text in a document that is marked as code."""

_SHELL = re.compile(r"^ *```sh\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def rows(document: str, heading: str) -> list[list[str]]:
    """The cells of each row of the table below a heading; none if there is no table."""
    return _table(document, heading)[2:]


def header(document: str, heading: str) -> list[str]:
    """The names of the columns of the table below a heading; none if there is no table."""
    return next(iter(_table(document, heading)), [])


def codes(document: str, heading: str) -> list[str]:
    """The codes in the first column of the table below a heading."""
    return [code for row in rows(document, heading) for code in CODE.findall(row[0])]


def coded_rows(document: str) -> list[list[str]]:
    """The cells of each row, of any table, that begins with a code."""
    return [_cells(line) for line in document.splitlines() if line.startswith("| `")]


def shell_blocks(document: str) -> list[str]:
    """The commands of each of a document's blocks for a shell."""
    return _SHELL.findall(document)


def shell_sentences(document: str) -> list[str]:
    """The commands of `az` and `azd` that a document quotes within its sentences, each in one line."""
    return [" ".join(each.split()) for each in re.findall(r"`(azd? [^`]+)`", _SHELL.sub("", document))]


def make_targets() -> set[str]:
    """The Makefile's phony targets."""
    return set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))


def _table(document: str, heading: str) -> list[list[str]]:
    _, found, after = document.partition(f"# {heading}\n")
    section = re.split(r"^#+ ", after, maxsplit=1, flags=re.MULTILINE)[0] if found else ""
    return [_cells(line) for line in section.splitlines() if line.startswith("|")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip()[1:-1].split("|")]
