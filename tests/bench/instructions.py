"""The processor's instructions of one event of each type, counted by Callgrind: the same on a busy and an idle machine.

    python -m tests.bench.instructions [write | check]

`write` keeps the counts of this build of Python in tests/bench/instructions/; `check` compares new ones with them.
"""

import json
import os
import platform
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from tests.bench.instructed import EVENTS
from tests.documents import ROOT

BUILD = f"{platform.python_implementation().lower()}-{platform.python_version()}-{platform.machine()}"
KEPT = ROOT / f"tests/bench/instructions/{BUILD}.json"
SPARE = 0.05
"""The part by which a count may differ from the one that is kept."""

_TOTALS = re.compile(r"^totals: (\d+)$", re.MULTILINE)
"""The sum of all that a dump has. (Its `summary` is wrong once the instrumentation was off.)"""
Counts = Mapping[str, int]


def count() -> dict[str, int]:
    """The instructions of one event in each step of `tests.bench.instructed`."""
    counts: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as folder:
        dumps = Path(folder) / "dump"
        command = ["valgrind", "--tool=callgrind", "--instr-atstart=no", f"--callgrind-out-file={dumps}"]
        with subprocess.Popen(
            [*command, sys.executable, "-m", "tests.bench.instructed"],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": "0"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            while step := process.stdout.readline().strip():
                _control(process, "--instr=on")
                process.stdout.readline()
                _control(process, "--dump", "--instr=off")
                counts[step] = _counted(Path(f"{dumps}.{len(counts) + 1}")) // EVENTS
    if process.returncode:
        raise RuntimeError(f"Callgrind failed with {process.returncode}")
    return counts


def _control(process: subprocess.Popen[str], *settings: str) -> None:
    """Give Callgrind settings, one after the other, while the program waits; then let it go on."""
    for setting in settings:
        subprocess.run(["callgrind_control", setting, str(process.pid)], check=True, capture_output=True)
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def _counted(dump: Path) -> int:
    found = _TOTALS.search(dump.read_text(encoding="utf-8"))
    assert found is not None, f"{dump} has no totals"
    return int(found[1])


def kept(file: Path = KEPT) -> Counts | None:
    """The counts of this build; None if there are none."""
    if not file.exists():
        return None
    counts: Counts = json.loads(file.read_bytes())
    return counts


def differences(before: Counts, now: Counts) -> list[str]:
    """One line for each step whose count is not the one that is kept, give or take what may differ."""
    told = []
    for step in sorted({*before, *now}):
        was, is_ = before.get(step, 0), now.get(step, 0)
        if abs(is_ - was) > SPARE * was:
            told.append(f"{step}: {is_:,} instructions an event, and {was:,} are kept")
    return told


def main(command: str = "check") -> int:
    """Print the counts; write them, or compare them with those that are kept. Returns the exit code."""
    before = kept()
    if command == "check" and before is None:
        print(f"no counts are kept for {BUILD}; 'make instructions' writes them")
        return 0
    now = count()
    for step, instructions in now.items():
        print(f"{step:<32}{instructions:>12,}")
    if command == "write":
        KEPT.parent.mkdir(exist_ok=True)
        KEPT.write_text(json.dumps(now, indent=1) + "\n", encoding="utf-8")
        return 0
    told = differences(before or {}, now)
    print("\n".join([*told, "'make instructions' keeps the new counts"] if told else ["as they are kept"]))
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
