"""The session of guarded requests. It takes longer to load than all else that a process needs at its start."""

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.web.addresses import is_loopback, is_public

_RESOLVED_SECONDS = 60
_LOOK_UPS = 8
"""Names that are looked up at once."""


class NotPublic(OSError):
    """Raised where a connection would leave the public network."""


class SystemNames(AbstractResolver):
    """Finds a name's addresses as the system does.

    It has threads of its own: those of the event loop have other work, which must not wait for slow name servers.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_LOOK_UPS, thread_name_prefix="names")

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        look_up = partial(socket.getaddrinfo, host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
        found = await asyncio.get_running_loop().run_in_executor(self._threads, look_up)
        numeric = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
        return [
            ResolveResult(hostname=host, host=str(address[0]), port=port, family=of, proto=protocol, flags=numeric)
            for of, _, protocol, _, address in found
        ]

    async def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


class GuardedSession:
    """A session that connects to public addresses, and, with `loopback`, to this machine."""

    def __init__(self, *, loopback: bool, resolver: AbstractResolver | None) -> None:
        self._loopback = loopback
        self._names = _GuardedNames(resolver or SystemNames(), loopback=loopback)
        self.client = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=self._names, socket_factory=self._socket, ttl_dns_cache=_RESOLVED_SECONDS
            ),
            # A few bytes may be inflated to very many.
            auto_decompress=False,
            headers={"Accept-Encoding": "identity"},
            # Cookies of one tenant's destination are no other's business, and a proxy would resolve names by itself.
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,
        )

    async def close(self) -> None:
        """Close the connections that are kept, and end the look-ups."""
        await self.client.close()
        await self._names.close()

    def _socket(self, address: Any) -> socket.socket:
        family, kind, protocol, _, endpoint = address
        _refuse_private(str(endpoint[0]), loopback=self._loopback)
        return socket.socket(family, kind, protocol)


class _GuardedNames(AbstractResolver):
    """Finds a name's addresses, if all of them are public."""

    def __init__(self, names: AbstractResolver, *, loopback: bool) -> None:
        self._names = names
        self._loopback = loopback

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        found = await self._names.resolve(host, port, family)
        for one in found:
            _refuse_private(one["host"], loopback=self._loopback)
        return found

    async def close(self) -> None:
        await self._names.close()


def _refuse_private(address: str, *, loopback: bool) -> None:
    if not is_public(address) and not (loopback and is_loopback(address)):
        raise NotPublic
