"""One line per request to the local host: method, path without query, status, milliseconds, and the request's id."""

import sys
import time
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.access.request import REQUEST_ID_HEADER

_ID = REQUEST_ID_HEADER.encode()
_LONGEST = 200
"""Characters of a path; a longer one is cut, so that no request writes more into the log than it is worth."""


def print_line(line: str) -> None:
    """Print a line as log lines are printed. Who reads them no more keeps nobody's request from its answer."""
    try:
        print(line, file=sys.stderr)
    except OSError:
        return


def logging_requests(app: ASGIApp, write: Callable[[str], object] = print_line) -> ASGIApp:
    """The application, with a line for each request once it is answered, or its client has gone.

    The line looks like those of `logging`, which would take three times as long for it.
    """

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        began, status, named = time.perf_counter(), "gone", "-"

        async def noted(message: Message) -> None:
            nonlocal status, named
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    if name == _ID:
                        named = value.decode("ascii")
            await send(message)

        try:
            await app(scope, receive, noted)
        finally:
            now, spent = time.time(), (time.perf_counter() - began) * 1000
            moment = f"{time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(now))},{int(now % 1 * 1000):03}"
            what = f"{scope['method']} {_path(scope['raw_path'])} {status} {spent:.1f} ms"
            write(f"{moment} INFO requests [{named}]: {what}")

    return serve


def _path(raw: bytes) -> str:
    """The path as it came, with all that is no plain character as an escape."""
    path = raw.decode("ascii", "backslashreplace")
    plain = path if path.isprintable() else path.encode("unicode_escape").decode()
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
