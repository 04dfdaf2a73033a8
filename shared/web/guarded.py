"""Outgoing requests by aiohttp, guarded: to public addresses, once, without redirections, with bounded answers.

An address is checked three times: as text; when its name is resolved, where one address that is not public refuses the
name; and at the socket, which sees what is really connected to, so that no name can change in between.
"""

from typing import TYPE_CHECKING, Self

from shared.outgoing import AddressRefused, NoAnswer, NotConnected, OutgoingAnswer, OutgoingRequest
from shared.web.addresses import accepted

if TYPE_CHECKING:
    import aiohttp
    from aiohttp.abc import AbstractResolver

    from shared.web.session import GuardedSession

_CONNECT_SECONDS = 5.0
"""From when a request waits for a connection until it has one, its name resolved."""


class GuardedHttp:
    """Implements `OutgoingHttp`. Connections are kept between requests, until it is closed, or its `async with` ends.

    `loopback`: this machine may be asked, too. `resolver`: what finds a name's addresses, if not the system.
    """

    def __init__(self, *, loopback: bool = False, resolver: "AbstractResolver | None" = None) -> None:
        self._loopback = loopback
        self._resolver = resolver
        self._session: GuardedSession | None = None

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        import aiohttp  # noqa: PLC0415  # it takes longer to load than all else that a process needs at its start

        from shared.web.session import GuardedSession, NotPublic  # noqa: PLC0415  # see above

        accepted(request.address, loopback=self._loopback)
        try:
            if self._session is None:
                self._session = GuardedSession(loopback=self._loopback, resolver=self._resolver)
            async with self._session.client.request(
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
        except ValueError:
            raise AddressRefused("a header for it has a line break") from None
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as failure:
            refusal = getattr(failure, "os_error", None)
            if isinstance(refusal, NotPublic):
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
