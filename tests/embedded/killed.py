"""Runs a piece of work again and again in a process of its own, killed at each step that it takes on the disk."""

import signal
import subprocess
import sys
from pathlib import Path

from tests.embedded.processes import ROOT

_PROGRAM = """
import os, signal, sys
from pathlib import Path
from local.backup import print_backup
from shared.embedded.backup import back_up
from shared.embedded.restore import restore

folder = Path(sys.argv[1])

def killed_at(step: int) -> bool:
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert code in (0, -signal.SIGKILL, 128 + signal.SIGTERM), code
        return code != 0
    left = step

    def count(event: str, _: object) -> None:
        nonlocal left
        if event.startswith(COUNTED) and event != "os.kill":
            left -= 1
            if left == -1:
                os.kill(os.getpid(), signal.SIGNAL)

    place = folder / str(step)
    BEFORE
    sys.addaudithook(count)
    try:
        WORK
    except SystemExit as end:
        # The interpreter would tidy up all that it shares with its parent.
        os._exit(end.code)
    os._exit(0)

step = 0
while killed_at(step):
    step += 1
print(step)
"""


_STEPS = ("open", "os.", "shutil.", "sqlite3.connect")


def killed_at_each_step(
    folder: Path,
    work: str,
    before: str = "pass",
    number: signal.Signals = signal.SIGKILL,
    counted: tuple[str, ...] = _STEPS,
) -> int:
    """Run `work`, a line of Python, with `place` being `folder/0`, `folder/1`, …: killed before its first step on the
    disk, before its second, and so on. The last one, whose number is returned, is not killed. `before` never is.

    The signal's `number` may be that of another one which ends a process. `counted` are the beginnings of the names of
    the audit events that are steps.
    """
    program = _PROGRAM.replace("BEFORE", before).replace("WORK", work).replace("SIGNAL", number.name)
    program = program.replace("COUNTED", repr(counted))
    ran = subprocess.run(
        [sys.executable, "-c", program, str(folder)], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )
    assert ran.returncode == 0, ran.stderr
    return int(ran.stdout.splitlines()[-1])
