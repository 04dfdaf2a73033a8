"""A copy of the project that is broken on purpose, so that whoever has to notice can be run in it."""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
_FOLDERS = ("examples", "functions", "local", "shared", "tests", "tools")
_FILES = ("function_app.py", "host.json", "local.settings.sample.json", "pyproject.toml")


@dataclass(frozen=True)
class Edit:
    """What stands in a file `instead` of some `code`."""

    file: str
    code: str
    instead: str

    def made(self) -> str:
        """The project's file with the edit made; AssertionError if the code does not stand in it once."""
        text = (ROOT / self.file).read_text(encoding="utf-8")
        assert text.count(self.code) == 1, f"{self.code!r} does not stand once in {self.file}"
        return text.replace(self.code, self.instead)


def broken_copy(folder: Path, *edits: Edit) -> None:
    """Copy the project into the folder with the edits made there, each in a file of its own."""
    for name in _FOLDERS:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy(ROOT / name, folder / name)
    for edit in edits:
        (folder / edit.file).write_text(edit.made(), encoding="utf-8")


def run_module(folder: Path, *module: str) -> subprocess.CompletedProcess[str]:
    """`python -m module`, with its arguments, in the folder, until it ends."""
    return subprocess.run([sys.executable, "-m", *module], cwd=folder, capture_output=True, text=True, check=False)
