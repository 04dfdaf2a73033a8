"""A copy of the project that is broken on purpose, to run in it the test or proof that must notice."""

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
    """Puts the text `instead` in the place of `code` in a file."""

    file: str
    code: str
    instead: str

    def made(self) -> str:
        """The file's text with the edit made. Raises AssertionError unless the code is in it exactly once."""
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
    """Run `python -m module`, with its arguments, in the folder, until it ends."""
    return subprocess.run([sys.executable, "-m", *module], cwd=folder, capture_output=True, text=True, check=False)
