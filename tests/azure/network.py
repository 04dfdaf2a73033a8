"""A network in front of an endpoint, with the faults that networks have."""

import asyncio
from contextlib import suppress
from typing import Self


class Network:
    """Passes bytes between clients and a server on this machine, unless a fault is set.

    Clients connect to `port`. `down`: every connection ends, new ones at once. `mute`: the server's answers do not
    arrive. `lose_answers`: so many connections are cut when the server answers on them, after it has carried out the
    request.
    """

    def __init__(self, host: str, port: int) -> None:
        self._server_address = (host, port)
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0
        self.connections = 0
        self.down = False
        self.mute = False
        self.lose_answers = 0

    async def __aenter__(self) -> Self:
        self._listening = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._listening.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listening.close()
        self.cut()
        await asyncio.gather(*self._tasks, *(writer.wait_closed() for writer in self._writers), return_exceptions=True)
        self._end_forgotten()
        await asyncio.sleep(0)

    def _end_forgotten(self) -> None:
        """End the connections that clients left open: the SDK forgets one on which opening a link failed."""
        transports = getattr(asyncio.get_running_loop(), "_transports", {})
        for transport in list(transports.values()):
            if (transport.get_extra_info("peername") or ())[1:2] == (self.port,):
                transport.abort()

    def cut(self) -> None:
        """End all connections, as a killed server does."""
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        if self.down:
            writer.transport.abort()
            return
        server_reader, server_writer = await asyncio.open_connection(*self._server_address)
        self._writers.add(server_writer)
        for passing in (self._pass(reader, server_writer), self._answer(server_reader, writer)):
            task = asyncio.create_task(passing)
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        writer.transport.abort()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                if self.lose_answers:
                    self.lose_answers -= 1
                    break
                if not self.mute:
                    writer.write(data)
                    await writer.drain()
        writer.transport.abort()
