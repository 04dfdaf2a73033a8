"""One line per request to the local host: method, path without query, status, milliseconds, and the request's id."""

import asyncio
import sys
import time
from collections.abc import Callable
from typing import NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from local.log_limit import Allowance
from shared.access.request import REQUEST_ID_HEADER

_ID = REQUEST_ID_HEADER.encode()
_LONGEST = 200
"""Characters of a path; a longer one is cut, so that no request writes more into the log than it is worth."""
MOST_LINES, LINES_PER_SECOND = 1000, 100
"""Lines that are written at once, and in the long term. Of others it is said how many there were."""
_TOGETHER = 0.1
"""Seconds whose lines are written together: a write for each would cost more than all else about it."""


class _Answered(NamedTuple):
    """A request that was answered, or whose client has gone."""

    at: float
    seconds: float
    method: str
    path: bytes
    status: int | None
    request_id: bytes


def print_lines(lines: str) -> None:
    """Print as log lines are printed. Where nobody reads them any more, requests are answered all the same."""
    try:
        print(lines, file=sys.stderr)
    except OSError:
        return


class RequestLog:
    """The application, with a line for each request; `flush` writes those that wait. They look like `logging`'s."""

    def __init__(
        self,
        app: ASGIApp,
        write: Callable[[str], object] = print_lines,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._app = app
        self._write = write
        self._allowance = Allowance(MOST_LINES, LINES_PER_SECOND, now)
        self._waiting: list[_Answered] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        began, start = time.perf_counter(), None

        async def noted(message: Message) -> None:
            nonlocal start
            if start is None:
                start = message
            await send(message)

        try:
            await self._app(scope, receive, noted)
        finally:
            self._note(scope, start, time.perf_counter() - began)

    def flush(self) -> None:
        """Write the lines that wait, and how many are too many."""
        answered, self._waiting = self._waiting, []
        if answered:
            lines = list(map(_line, answered[: self._allowance.take(len(answered))]))
            if left_out := len(answered) - len(lines):
                lines.append(f"{_moment(answered[-1].at)} INFO requests [-]: {left_out} more were answered")
            self._write("\n".join(lines))

    def _note(self, scope: Scope, start: Message | None, seconds: float) -> None:
        if not self._waiting:
            asyncio.get_running_loop().call_later(_TOGETHER, self.flush)
        status, headers = (start["status"], start["headers"]) if start else (None, ())
        named = next((value for name, value in headers if name == _ID), b"-")
        self._waiting.append(_Answered(time.time(), seconds, scope["method"], scope["raw_path"], status, named))


def _line(one: _Answered) -> str:
    what = f"{one.method} {_shown(one.path)} {one.status or 'gone'} {one.seconds * 1000:.1f} ms"
    return f"{_moment(one.at)} INFO requests [{one.request_id.decode('ascii')}]: {what}"


def _moment(at: float) -> str:
    return f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(at))},{int(at % 1 * 1000):03}"


def _shown(raw: bytes) -> str:
    """The path as it came, with all that is no plain character as an escape."""
    path = raw.decode("ascii", "backslashreplace")
    plain = path if path.isprintable() else path.encode("unicode_escape").decode()
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
