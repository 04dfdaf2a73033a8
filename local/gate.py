"""What the local host refuses before anything else sees the request: other sites' pages, and bodies that are too large.

Whoever reaches the local host needs no token. A browser on the machine reaches it, too, and sends it what a page of any
site asks for. So a request must name this host (`Host`), which a site that gave its own name our address (DNS
rebinding) cannot do, and must not say that another origin caused it (`Origin`, `Sec-Fetch-Site`), which every browser
says. Programs and channels send neither.
"""

import asyncio
import functools
import json
from collections.abc import Collection, Sequence

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from functions.http import COMMON_HEADERS, problem_document
from shared.access.request import MAX_BODY_BYTES, REQUEST_ID_HEADER, request_id_of
from shared.errors import BodyTooLarge, ForeignRequest, PatchbayError

OWN_NAMES = frozenset({"127.0.0.1", "localhost", "[::1]"})
_OUR_OWN = ("same-origin", "none")
"""What a browser says of a request of our own pages, and of an address that was typed."""
_LOOKED_AT = frozenset({b"host", b"origin", b"sec-fetch-site", b"content-length", b"transfer-encoding"})
_DRAIN_SECONDS = 1.0
_DRAIN_BYTES = 16 * MAX_BODY_BYTES
"""How long, and how much, of a refused body is read and thrown away: else its sender would lose the connection before
it reads the answer."""


class Gate:
    """The application, behind these checks. `names` are the hosts that a request may name, in lower case."""

    def __init__(self, app: ASGIApp, names: Collection[str] = OWN_NAMES) -> None:
        self._app = app
        self._names = frozenset(names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            length = checked(scope["headers"], self._names)
        except BodyTooLarge as refusal:
            await _refuse(refusal, scope, receive, send)
            return
        except ForeignRequest as refusal:
            await _refusal(refusal, scope)(scope, receive, send)
            return
        if length is not None:
            # The server hands on no more than the request has announced.
            await self._app(scope, receive, send)
            return
        try:
            await self._app(scope, _counted(receive), _last(send))
        except BodyTooLarge as refusal:
            await _refuse(refusal, scope, receive, send)


def checked(headers: Sequence[tuple[bytes, bytes]], names: Collection[str]) -> int | None:
    """The length of the body that the headers announce; None if it comes in chunks.

    Names of headers are lower-case. Raises ForeignRequest, BodyTooLarge.
    """
    found: dict[bytes, str] = {}
    for name, value in headers:
        if name in _LOOKED_AT:
            if name in found:
                raise ForeignRequest(name.decode("latin-1").title(), "stands there twice")
            found[name] = value.decode("latin-1")
    _refuse_foreign(found.get(b"host", "").lower(), found.get(b"origin"), found.get(b"sec-fetch-site"), names)
    if b"transfer-encoding" in found:
        return None
    length = int(found.get(b"content-length", 0))
    if length > MAX_BODY_BYTES:
        raise BodyTooLarge(length, MAX_BODY_BYTES)
    return length


def _refuse_foreign(authority: str, origin: str | None, site: str | None, names: Collection[str]) -> None:
    if _without_port(authority) not in names:
        raise ForeignRequest(
            "Host", f"{_shown(authority)} is no name of this host; start it with --host-name if it is one"
        )
    if site is not None and site not in _OUR_OWN:
        raise ForeignRequest("Sec-Fetch-Site", "a page of another site asked for this; type the address instead")
    if origin is not None and _is_of_a_page(origin) and origin.lower().partition("://")[2] != authority:
        raise ForeignRequest("Origin", f"{_shown(origin)} is not where this host's own pages are")


def _is_of_a_page(origin: str) -> bool:
    """True for what a browser sends. Senders of CloudEvents name themselves in the same header, by a name alone."""
    return "://" in origin or origin == "null"


@functools.lru_cache(maxsize=64)
def _without_port(authority: str) -> str:
    """The name, or the bracketed address, without the port; the whole text if what follows it is no port."""
    name, colon, port = authority.rpartition(":")
    return name if colon and port.isdecimal() else authority


def _shown(text: str) -> str:
    return json.dumps(text[:100])


def _counted(receive: Receive) -> Receive:
    """The same body, as far as it is not too large. Raises BodyTooLarge where it becomes so."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_BODY_BYTES:
            raise BodyTooLarge(size, MAX_BODY_BYTES)
        return message

    return counted


def _last(send: Send) -> Send:
    """The same answer, after which the connection ends: what may be left of a body in chunks has no bound."""

    async def last(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        await send(message)

    return last


def _refusal(error: PatchbayError, scope: Scope) -> Response:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    named = request_id_of(headers)
    return Response(
        json.dumps(problem_document(error, named), ensure_ascii=False),
        error.status,
        {**COMMON_HEADERS, REQUEST_ID_HEADER: named},
        "application/problem+json",
    )


async def _refuse(error: PatchbayError, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, then read on for a moment, and close the connection."""
    response = _refusal(error, scope)
    response.headers["connection"] = "close"
    await send({"type": "http.response.start", "status": error.status, "headers": response.raw_headers})
    await send({"type": "http.response.body", "body": response.body, "more_body": True})
    try:
        async with asyncio.timeout(_DRAIN_SECONDS):
            await _thrown_away(receive)
    except TimeoutError:
        pass
    await send({"type": "http.response.body", "body": b""})


async def _thrown_away(receive: Receive) -> None:
    size, more = 0, True
    while more and size < _DRAIN_BYTES:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
