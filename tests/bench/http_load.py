"""A client that posts bodies over keep-alive connections and costs little, because it shares the machine's cores."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass

_MOST_CONNECTIONS = 256


class _Connection(asyncio.Protocol):
    """One keep-alive connection, for one request at a time."""

    def __init__(self, head: bytes) -> None:
        self._head = head
        self._received = b""
        self._answer: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def post(self, body: bytes) -> asyncio.Future[int]:
        """Post the body. The result is the status of the answer. Raises ConnectionResetError if it is closed."""
        assert self._transport is not None
        if self._transport.is_closing():
            raise ConnectionResetError
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(self._head + str(len(body)).encode() + b"\r\n\r\n" + body)
        return self._answer

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if found and len(rest) >= _length(head):
            self._received = b""
            if self._answer is not None and not self._answer.done():
                self._answer.set_result(int(head[9:12]))

    def connection_lost(self, exc: Exception | None) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(exc or ConnectionResetError("the server closed the connection"))


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def request_head(path: str, content_type: str) -> bytes:
    """A request up to the value of its last header, Content-Length."""
    return f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: {content_type}\r\nContent-Length: ".encode()


async def _connect(port: int, head: bytes) -> _Connection:
    _, connection = await asyncio.get_running_loop().create_connection(lambda: _Connection(head), "127.0.0.1", port)
    return connection


async def post_all(port: int, head: bytes, bodies: Iterator[bytes], connections: int) -> Counter[int]:
    """Post all bodies, as fast as they are answered. Returns how often each status was answered."""
    answers: Counter[int] = Counter()

    async def post() -> None:
        connection = await _connect(port, head)
        for body in bodies:
            answers[await connection.post(body)] += 1
        connection.close()

    await asyncio.gather(*(post() for _ in range(connections)))
    return answers


@dataclass(frozen=True)
class Answered:
    """A request: its number, its status, the moment for which it was planned, and the moment of its answer."""

    number: int
    status: int
    planned: float
    at: float


async def post_on_time(
    port: int, head: bytes, bodies: Sequence[bytes], pause: float, answered: Callable[[Answered], None]
) -> None:
    """Post a body every `pause` seconds, whether or not those before are answered, and tell of each answer."""
    loop = asyncio.get_running_loop()
    async with _connections(port, head) as use:

        async def post(number: int, planned: float) -> None:
            status = await use(bodies[number])
            answered(Answered(number, status, planned, loop.time()))

        began = loop.time()
        async with asyncio.TaskGroup() as posting:
            for number in range(len(bodies)):
                planned = began + number * pause
                await asyncio.sleep(max(0.0, planned - loop.time()))
                posting.create_task(post(number, planned))


@contextlib.asynccontextmanager
async def _connections(port: int, head: bytes) -> AsyncIterator[Callable[[bytes], Awaitable[int]]]:
    """Yield what posts a body on a connection that is free, or on a new one."""
    idle: list[_Connection] = []
    limit = asyncio.Semaphore(_MOST_CONNECTIONS)

    async def use(body: bytes) -> int:
        async with limit:
            while idle:
                # A server closes connections that nobody uses for some seconds, maybe at this very moment.
                with contextlib.suppress(ConnectionError):
                    return await answered_on(idle.pop(), body)
            return await answered_on(await _connect(port, head), body)

    async def answered_on(connection: _Connection, body: bytes) -> int:
        status = await connection.post(body)
        idle.append(connection)
        return status

    try:
        yield use
    finally:
        for connection in idle:
            connection.close()
