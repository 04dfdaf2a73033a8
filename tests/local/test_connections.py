"""Connections that send half of a request, or nothing: each ends in time, and many of them keep nobody out."""

import asyncio
import contextlib
import resource
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from local.connections import (
    BODY_SECONDS,
    HEADERS_SECONDS,
    MOST_BODY_BYTES,
    MOST_CONNECTIONS,
    MOST_HEADER_BYTES,
    BoundedProtocol,
)
from tests.local.test_host import TIMEOUT, Process, running

HALF_OPEN = 1100
NOTHING, HALF_HEADERS = b"", b"POST /api/tenants/contoso/events HTTP/1.1\r\nHost: loc"
HALF_BODY = b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345"
WHOLE = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"


class Transport(asyncio.Transport):
    """A connection's other side, which takes all that is written or, where it is `stuck`, nothing."""

    def __init__(self, *, stuck: bool = False) -> None:
        super().__init__()
        self.ended = False
        self.reads = True
        self.stuck = stuck

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return default

    def write(self, data: Any) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 1 if self.stuck else 0

    def is_closing(self) -> bool:
        return self.ended

    def abort(self) -> None:
        self.ended = True

    close = abort

    def pause_reading(self) -> None:
        self.reads = False

    def resume_reading(self) -> None:
        self.reads = True


class Server:
    """Connections to an application that answers when `go` is set and the body is there."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.state = ServerState()
        self.headers: list[list[bytes]] = []
        """The names of each request's headers, as they are when its body is there."""
        self._config = uvicorn.Config(self._answer, interface="asgi3", log_config=None, access_log=False)

    def connect(self, *, stuck: bool = False) -> tuple[BoundedProtocol, Transport]:
        protocol, transport = BoundedProtocol(self._config, self.state, {}), Transport(stuck=stuck)
        protocol.connection_made(transport)
        return protocol, transport

    async def settle(self) -> None:
        """Let the application do what it can."""
        for _ in range(10):
            await asyncio.sleep(0)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        self.headers.append([name for name, _ in scope["headers"]])
        await self.go.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    made = Server()
    yield made
    made.go.set()
    for task in made.state.tasks:
        task.cancel()


@pytest.mark.parametrize(
    ("sent", "seconds"), [(NOTHING, HEADERS_SECONDS), (HALF_HEADERS, HEADERS_SECONDS), (HALF_BODY, BODY_SECONDS)]
)
async def test_who_sends_half_a_request_is_waited_for_so_long(server: Server, sent: bytes, seconds: float) -> None:
    # Given a client that sends a part of a request, and then nothing
    protocol, transport = server.connect()
    if sent:
        protocol.data_received(sent)
    began = protocol.loop.time()
    protocol.end_if_late(began)
    # When somebody looks before its time is over, then it goes on, and after it is over, it ends
    protocol.end_if_late(began + seconds - 1)
    assert not transport.ended
    protocol.end_if_late(began + seconds + 1)
    assert transport.ended


async def test_single_bytes_now_and_then_gain_no_time(server: Server) -> None:
    # Given a client that sends its headers a byte a second
    protocol, transport = server.connect()
    began = protocol.loop.time()
    for second in range(int(HEADERS_SECONDS) + 2):
        if not transport.ended:
            protocol.data_received(HALF_HEADERS[second : second + 1])
        protocol.end_if_late(began + second)
    # Then it ends all the same
    assert transport.ended


ENDLESS = {
    "header": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ", b"a" * 10_000),
    "headers": (b"GET / HTTP/1.1\r\nHost: localhost\r\n", b"a: b\r\n" * 2_000),
    "address": (b"GET /", b"a" * 10_000),
    "trailer": (b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX: ", b"a" * 1_000_000),
    "trailers": (
        b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        b"a: b\r\n" * 2_000,
    ),
}


@pytest.mark.parametrize("what", ENDLESS)
async def test_who_sends_a_part_of_a_request_without_end_is_ended(server: Server, what: str) -> None:
    # Given a client whose address, header or trailer has no end, or who sends them without end
    beginning, more = ENDLESS[what]
    protocol, transport = server.connect()
    protocol.data_received(beginning)
    most = MOST_BODY_BYTES if what == "trailer" else MOST_HEADER_BYTES
    # When as much came as any part of a request may have
    for _ in range(most // len(more) + 2):
        if not transport.ended:
            protocol.data_received(more)
    # Then it ends
    assert transport.ended


async def test_many_requests_in_one_piece_are_no_endless_one(server: Server) -> None:
    # Given requests that come together, more bytes than the headers of one may have, the last of them not whole
    server.go.set()
    protocol, transport = server.connect()
    large = WHOLE[:-2] + b"X: " + b"a" * 30_000 + b"\r\n\r\n"
    for _ in range(3):
        protocol.data_received(large * 3 + large[:100])
        await server.settle()
        protocol.data_received(large[100:])
        await server.settle()
    # Then they are read
    assert not transport.ended


async def test_no_more_is_read_while_requests_that_came_together_wait(server: Server) -> None:
    # Given two hundred requests that came in one piece, the last of them with half a body
    server.go.set()
    protocol, transport = server.connect()
    protocol.data_received(WHOLE * 200 + HALF_BODY)
    # When they are answered one after the other
    while len(protocol.pipeline) > 0:
        # then nothing more is read meanwhile
        assert not transport.reads
        await asyncio.sleep(0)
    # and then the rest of the body is, and all are answered
    await server.settle()
    assert transport.reads
    protocol.data_received(b"67890")
    await server.settle()
    assert len(server.headers) == 201
    assert transport.reads


async def test_a_trailer_is_no_header(server: Server) -> None:
    # Given a body in chunks with a header behind it, and a request that follows
    server.go.set()
    protocol, _ = server.connect()
    protocol.data_received(ENDLESS["trailers"][0] + b"Authorization: x\r\n\r\n")
    await server.settle()
    protocol.data_received(WHOLE)
    await server.settle()
    # Then the application, whose gate has looked at the headers before, never sees it
    assert server.headers == [[b"host", b"transfer-encoding"], [b"host"]]


async def test_who_waits_for_an_answer_may_wait(server: Server) -> None:
    # Given a request that is being handled
    protocol, transport = server.connect()
    protocol.data_received(WHOLE)
    await server.settle()
    began = protocol.loop.time()
    # When hours go by, then it is not ended
    for hour in range(3):
        protocol.end_if_late(began + 3600 * hour)
    assert not transport.ended


async def test_each_request_of_a_connection_has_its_own_time(server: Server) -> None:
    # Given a connection with a request every nine seconds
    server.go.set()
    protocol, transport = server.connect()
    began = protocol.loop.time()
    for number in range(10):
        protocol.data_received(WHOLE)
        await server.settle()
        protocol.end_if_late(began + 9 * number)
    # Then it goes on
    assert not transport.ended


async def test_a_new_connection_takes_the_place_of_the_one_that_waited_longest(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given as many connections as there may be, some in the middle of a request, one with a client that reads nothing
    monkeypatch.setattr(BoundedProtocol, "most", 4)
    busy, busy_end = server.connect()
    busy.data_received(WHOLE)
    stuck, stuck_end = server.connect(stuck=True)
    stuck.data_received(WHOLE)
    idle = [server.connect() for _ in range(2)]
    for number, (protocol, _) in enumerate(idle):
        protocol.since = -number
    await server.settle()
    # When more come and are in use, then first those go that wait for their clients, the longest first
    new: list[Transport] = []
    ended: list[list[bool]] = []
    for _ in range(4):
        protocol, transport = server.connect()
        new.append(transport)
        protocol.data_received(WHOLE)
        await server.settle()
        ended.append([each.ended for each in (idle[1][1], idle[0][1], stuck_end, busy_end, transport)])
    # and then the one whose client reads nothing, and then no other than the new one
    assert ended == [
        [True, False, False, False, False],
        [True, True, False, False, False],
        [True, True, True, False, False],
        [True, True, True, False, True],
    ]
    assert len(server.state.connections) == 4


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("connections") / "patchbay.db") as host:
        # As many files as a process usually may have open.
        resource.prlimit(host.process.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        yield host


@pytest.mark.parametrize("sent", [NOTHING, HALF_HEADERS, HALF_BODY], ids=["nothing", "half-headers", "half-body"])
def test_eleven_hundred_half_open_requests_keep_nobody_out(process: Process, sent: bytes) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(max(soft, 4096), hard), hard))
    with contextlib.ExitStack() as opened:
        # Given more connections than a process may have files, each with the beginning of a request
        for _ in range(HALF_OPEN):
            address = ("127.0.0.1", process.client.base_url.port or 0)
            connection = opened.enter_context(socket.create_connection(address, TIMEOUT))
            with contextlib.suppress(ConnectionError):
                connection.sendall(sent)
        # When somebody sends a request of a new connection, then it is answered
        own = process.client.get("/api/health", headers={"Connection": "close"})
        assert own.status_code == 200
        # and the host has no more connections than it may
        files = len(list(Path(f"/proc/{process.process.pid}/fd").iterdir()))
        assert files < MOST_CONNECTIONS + 100
