"""Bounds of the local host's connections: how many there are, how long one may take to send a request, and how much.

Uvicorn ends a connection that is idle after a request, and waits without end for the first byte, the rest of the
headers, and the rest of a body. Whoever opens connections and says nothing would use up the file descriptors, and
whoever sends headers without an end the memory: httptools keeps them all.
"""

import asyncio
import resource
from collections.abc import Collection, Sized
from typing import Any

from uvicorn.protocols.http.auto import AutoHTTPProtocol
from uvicorn.protocols.http.flow_control import FlowControl

MOST_CONNECTIONS = 512
HEADERS_SECONDS = 10.0
"""From when a connection is made, or was last used, until the headers of a request are there."""
BODY_SECONDS = 30.0
"""From the headers until the body is there, which has 1 MB at most."""
MOST_HEADER_BYTES = 64 * 1024
"""Of a request before its body, as h11 has it, and behind it. What comes in one piece from the socket may be more."""
MOST_BODY_BYTES = 24 * 1024 * 1024
"""Of a request's body as it is sent: as much as the gate throws away, with what stands around chunks."""
_HEADERS, _BODY, _TRAILERS = "headers", "body", "trailers"
_LOOK_SECONDS = 1.0
_OTHER_FILES = 128
"""File descriptors that are left for the database and all else."""


class _OneAfterAnother(FlowControl):
    """Reads no more of a connection while requests that came together wait for their turn.

    Uvicorn would read on after each answer, and what came faster than it is answered would fill the memory.
    """

    def __init__(self, transport: Any, waiting: Sized) -> None:
        super().__init__(transport)
        self._waiting = waiting

    def resume_reading(self) -> None:
        if not self._waiting:
            super().resume_reading()


class BoundedProtocol(AutoHTTPProtocol):  # type: ignore[misc,valid-type]  # which one is chosen when uvicorn is imported
    """Uvicorn's protocol, which makes room for a new connection where there are too many.

    `since` is when it began to wait for what it waits for now (by the loop's clock), as far as anybody looked.
    """

    most = MOST_CONNECTIONS

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # h11 reads a connection's next request when the one before is answered.
        self.flow = _OneAfterAnother(transport, getattr(self, "pipeline", ()))
        self.since = self.loop.time()
        self._seen = self._stage()
        self._part: tuple[int, str | None] = (0, None)
        self._sent = 0
        if len(self.connections) > self.most:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read what came. A client that sends too much of one part of a request is ended."""
        part = self._part
        super().data_received(data)
        if self._part == part:
            self._sent += len(data)
            most = MOST_BODY_BYTES if part[1] == _BODY else MOST_HEADER_BYTES
            if part[1] is not None and self._sent > most:
                self.transport.abort()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin(_HEADERS)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header. What follows a body in chunks (a trailer) is none: headers are checked by then."""
        if self._part[1] == _HEADERS:
            super().on_header(name, value)
        elif self._part[1] == _BODY:
            self._begin(_TRAILERS)

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self._begin(_BODY)

    def on_message_complete(self) -> None:
        super().on_message_complete()
        self._begin(None)

    def _begin(self, part: str | None) -> None:
        """Note which part of a request comes now. Only httptools says so; h11 bounds headers by itself."""
        self._part, self._sent = (self._part[0] + 1, part), 0

    def waits_for_client(self) -> bool:
        """True while a request is on its way, or none is: then nothing is lost with the connection."""
        return self.cycle is None or self.cycle.response_complete or self.cycle.more_body

    def end_if_late(self, now: float) -> None:
        """End the connection if its client takes too long."""
        stage = self._stage()
        cycle, has_headers = stage
        if cycle is not self._seen[0] or has_headers != self._seen[1]:
            self._seen, self.since = stage, now
        if self.waits_for_client() and now - self.since >= (BODY_SECONDS if has_headers else HEADERS_SECONDS):
            self.transport.abort()

    def _stage(self) -> tuple[Any, bool]:
        """The newest request whose headers are there, and whether it still has no answer."""
        cycle = self.cycle
        return cycle, cycle is not None and not cycle.response_complete

    def _make_room(self) -> None:
        """End the connection that has waited longest for its client, else one whose client reads no answer, or this."""
        waiting = [one for one in self.connections if one.waits_for_client() and one is not self]
        stuck = [one for one in self.connections if one.transport.get_write_buffer_size()]
        victim = min(waiting or stuck or [self], key=lambda one: one.since)
        # Counted no more at once: several may come before it has ended.
        self.connections.discard(victim)
        victim.transport.abort()


async def end_late_ones(connections: Collection[Any]) -> None:
    """Look at all connections every second, until cancelled."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_LOOK_SECONDS)
        now = loop.time()
        for connection in list(connections):
            connection.end_if_late(now)


def allow_files() -> None:
    """Raise the number of files that this process may have open, as far as it may, to hold all its connections."""
    wanted = MOST_CONNECTIONS + _OTHER_FILES
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
