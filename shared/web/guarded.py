"""Outgoing requests by aiohttp, guarded: to public addresses, once, without redirections, with bounded answers.

An address is checked three times: as text; when its name is resolved, where one address that is not public refuses the
name; and at the socket, which sees what is really connected to, so that no name can change in between.
"""

import socket
from typing import TYPE_CHECKING, Any, Self

from shared.outgoing import AddressRefused, NoAnswer, NotConnected, OutgoingAnswer, OutgoingRequest
from shared.web.addresses import accepted, is_loopback, is_public

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver, ResolveResult

_CONNECT_SECONDS = 5.0
"""From when a request waits for a connection until it has one, its name resolved."""
_RESOLVED_SECONDS = 60


class GuardedHttp:
    """Implements `OutgoingHttp`. Connections are kept between requests, until it is closed, or its
    `async with` ends.

    `loopback`: this machine may be asked, too. `resolver`: what finds a name's addresses, if not the system.
    """

    def __init__(self, *, loopback: bool = False, resolver: "AbstractResolver | None" = None) -> None:
        self._loopback = loopback
        self._resolver = resolver
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        import aiohttp  # noqa: PLC0415  # it takes longer to load than all else that a process needs at its start

        accepted(request.address, loopback=self._loopback)
        try:
            async with self._opened().request(
                request.method,
                request.address,
                data=request.body or None,
                headers=request.headers,
                timeout=aiohttp.ClientTimeout(total=request.seconds, connect=_CONNECT_SECONDS),
                allow_redirects=False,
            ) as answer:
                return await _read(answer, request.most_bytes)
        # Without the cause, whose text may be an address with a token in it.
        except aiohttp.InvalidURL:
            raise AddressRefused("it is no URL") from None
        except UnicodeError:
            raise AddressRefused("its host can be no name") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
            refusal = getattr(failure, "os_error", None)
            if isinstance(refusal, _NotPublic):
                raise AddressRefused("its host is in no public network") from None
            raise NotConnected(type(failure).__name__) from None
        except (aiohttp.ClientError, TimeoutError, OSError) as failure:
            raise NoAnswer(type(failure).__name__) from None

    async def close(self) -> None:
        """Close the connections that are kept."""
        if self._session is not None:
            await self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def _opened(self) -> "aiohttp.ClientSession":
        if self._session is None:
            self._session = _session(self._loopback, self._resolver)
        return self._session


class _NotPublic(OSError):
    """Raised where a connection would leave the public network."""


def _session(loopback: bool, resolver: "AbstractResolver | None") -> "aiohttp.ClientSession":
    import aiohttp  # noqa: PLC0415  # see above
    from aiohttp.abc import AbstractResolver  # noqa: PLC0415  # see above

    def refuse_private(address: str) -> None:
        if not is_public(address) and not (loopback and is_loopback(address)):
            raise _NotPublic

    class GuardedResolver(AbstractResolver):
        """Finds a name's addresses, if all of them are public."""

        def __init__(self) -> None:
            self._resolver = resolver or aiohttp.ThreadedResolver()

        async def resolve(
            self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
        ) -> "list[ResolveResult]":
            found = await self._resolver.resolve(host, port, family)
            for one in found:
                refuse_private(one["host"])
            return found

        async def close(self) -> None:
            await self._resolver.close()

    def guarded_socket(address: Any) -> socket.socket:
        family, kind, protocol, _, endpoint = address
        refuse_private(str(endpoint[0]))
        return socket.socket(family, kind, protocol)

    connector = aiohttp.TCPConnector(
        resolver=GuardedResolver(), socket_factory=guarded_socket, ttl_dns_cache=_RESOLVED_SECONDS
    )
    return aiohttp.ClientSession(
        connector=connector,
        # A few bytes may be inflated to very many.
        auto_decompress=False,
        headers={"Accept-Encoding": "identity"},
        # Cookies of one tenant's destination are no other's business, and a proxy would resolve names by itself.
        cookie_jar=aiohttp.DummyCookieJar(),
        trust_env=False,
    )


async def _read(answer: "aiohttp.ClientResponse", most: int) -> OutgoingAnswer:
    """The answer with as much of its body as may be read. What is left ends with the connection."""
    body = bytearray()
    async for chunk in answer.content.iter_any():
        body += chunk
        if len(body) > most:
            answer.close()
            break
    headers = {name.lower(): value for name, value in answer.headers.items()}
    return OutgoingAnswer(answer.status, headers, bytes(body[:most]), is_whole=len(body) <= most)
