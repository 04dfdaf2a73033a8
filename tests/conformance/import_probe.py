"""The side effects of importing the function app. Run as a process of its own, it prints them as a JSON list.

It detects reads of the environment by the project's own code; and connections, databases, threads, processes, and files
opened for writing by any code.
"""

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

ROOT = Path(__file__).parent.parent.parent
_OWN = ("function_app.py", "functions", "shared")
_EVENTS = {
    "_thread.start_new_thread", "os.fork", "os.mkdir", "os.posix_spawn", "os.putenv", "socket.connect",
    "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen",
}  # fmt: skip


class _Environment(dict[str, str]):
    """The environment, which reports when the project's own code reads it, directly or through its settings."""

    def __init__(self, noticed: list[str]) -> None:
        super().__init__()
        self._noticed = noticed

    def __getitem__(self, name: str) -> str:
        self._notice(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._notice(name)
        return super().__contains__(name)

    def __iter__(self) -> Iterator[str]:
        self._notice("everything")
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        self._notice(name)
        return super().get(name, default)

    def copy(self) -> dict[str, str]:
        self._notice("everything")
        return {}

    def _notice(self, name: object) -> None:
        frame: FrameType | None = sys._getframe(2)
        while frame is not None and _looks_up_for_others(frame):
            frame = frame.f_back
        path = Path(frame.f_code.co_filename) if frame else Path()
        if frame and path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] in _OWN:
            self._noticed.append(f"{path.relative_to(ROOT)}:{frame.f_lineno} reads {name} from the environment")


def _looks_up_for_others(frame: FrameType) -> bool:
    """True if other code reads the environment through this code: `os.getenv`, and settings with their models."""
    module = str(frame.f_globals.get("__name__"))
    return module in ("os", "_collections_abc", "pydantic.main") or module.startswith("pydantic_settings.")


def probe() -> list[str]:
    """Import the app. Returns its side effects."""
    noticed: list[str] = []

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        writes = event == "open" and isinstance(arguments[1], str) and any(mode in arguments[1] for mode in "wax+")
        if event in _EVENTS or writes:
            noticed.append(f"{event} {arguments}")

    # The environment is replaced, not cleared: code that reads it by this name must be detected.
    os.environ = _Environment(noticed)  # type: ignore[assignment]  # noqa: B003
    sys.addaudithook(hook)
    import function_app  # noqa: F401, PLC0415  # what the import does is what is looked at

    return noticed


if __name__ == "__main__":
    json.dump(probe(), sys.stdout)
