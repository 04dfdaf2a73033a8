"""HTTP functions as an ASGI application that reads requests and sends answers as the Functions host was seen to."""

import functools
import logging
import re
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeVar
from urllib.parse import parse_qsl, unquote_to_bytes

from starlette.datastructures import URL
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

T = TypeVar("T")

_log = logging.getLogger(__name__)

_SLASH = re.compile(b"%(?=2f)", re.IGNORECASE)
_NO_UTF8 = re.compile("[\udc80-\udcff]")
_HEADER_VALUE = re.compile(r"[\t -~]*")


class HttpFunction(Protocol):
    """A function with an HTTP trigger, whose members are those of the binding's JSON."""

    @property
    def name(self) -> str: ...

    @property
    def trigger(self) -> Mapping[str, Any]: ...


Run = Callable[[str, Mapping[str, Any]], Awaitable[Mapping[str, Any]]]
"""Runs the function of a name on a request's members (texts, dictionaries of texts, bytes). Returns the answer's."""


class HttpFunctions:
    """Routes requests under `/api` to functions.

    No route for path and method: 404. A function that fails, or answers a header that no server sends: an empty 500.
    """

    def __init__(self, functions: Iterable[HttpFunction], run: Run) -> None:
        self._routes: dict[tuple[str, int], list[tuple[re.Pattern[str], str]]] = defaultdict(list)
        for one in functions:
            route = one.trigger["route"]
            for method in _methods(one):
                self._routes[method, _length(f"/api/{route}")].append((_pattern(route), one.name))
        self._run = run

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except ClientDisconnect:
            return
        await answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Response:
        path = _decoded(scope["raw_path"])
        if "\0" in path:
            return Response(status_code=400)
        for pattern, name in self._routes.get((scope["method"], _length(path)), ()):
            if found := pattern.fullmatch(path):
                members = _members(scope, await _body(receive), found.groupdict())
                try:
                    return _response(await self._run(name, members))
                except Exception:
                    _log.exception("function %s failed", name)
                    return Response(status_code=500)
        return Response(status_code=404)


def http_datum(members: Mapping[str, Any], datum: Callable[[Any, str], T]) -> T:
    """The request as a worker gets it: `datum` makes the worker's data from a value and the name of its type."""

    def made(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: datum(text, "string") for name, text in value.items()}
        return datum(value, "bytes" if isinstance(value, bytes) else "string")

    return datum({name: made(value) for name, value in members.items()}, "http")


def _merged(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """The values by name, whatever its case: those of one name joined by commas, without empty ones.

    Of several spellings of a name the second stands.
    """
    spelled: dict[str, str] = {}
    values: dict[str, list[str]] = {}
    for name, text in pairs:
        same = values.setdefault(name.lower(), [])
        same.append(text)
        if len(same) <= 2:
            spelled[name.lower()] = name
    return {spelled[name]: ",".join(filter(None, texts)) for name, texts in values.items()}


def _pattern(route: str) -> re.Pattern[str]:
    return re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", f"/api/{route}/?"), re.IGNORECASE)


def _length(path: str) -> int:
    """The number of a path's segments, without the slash that it may end in."""
    return path.removesuffix("/").count("/")


def _methods(function: HttpFunction) -> set[str]:
    return {str(getattr(method, "value", method)) for method in function.trigger["methods"]}


def _decoded(path: bytes) -> str:
    """The path without its escapes, but for `%2F` and for those that are no UTF-8."""
    if b"%" not in path and path.isascii():
        return path.decode()
    text = unquote_to_bytes(_SLASH.sub(b"%25", path)).decode("utf-8", "surrogateescape")
    return _NO_UTF8.sub(lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", text)


async def _body(receive: Receive) -> bytes:
    """The whole body. Raises ClientDisconnect if its sender goes away before its end."""
    chunks: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise ClientDisconnect
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


def _members(scope: Scope, body: bytes, parameters: Mapping[str, str]) -> dict[str, Any]:
    headers = _headers(scope["headers"])
    query = scope["query_string"].decode(errors="replace")
    address = _origin(scope["scheme"], headers.get("host"), scope["server"]) + scope["raw_path"].decode("latin-1")
    return {
        "method": scope["method"],
        "url": f"{address}?{query}" if query else address,
        "headers": headers,
        "query": _query(query) if query else {},
        # The host asks for the length, so it hands on no body that comes in chunks.
        "body": body if "content-length" in headers else b"",
        "params": parameters,
    }


def _headers(raw: Sequence[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers; a server for ASGI has made their names lower-case."""
    pairs = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in raw]
    headers = dict(pairs)
    return headers if len(headers) == len(pairs) else _merged(pairs)


def _query(query: str) -> dict[str, str]:
    return {name: text for name, text in _merged(parse_qsl(query, keep_blank_values=True)).items() if text}


@functools.lru_cache(maxsize=64)
def _origin(scheme: str, host: str | None, server: tuple[str, int | None] | None) -> str:
    """Scheme and authority of the address that was asked for."""
    headers = [(b"host", host.encode("latin-1"))] if host is not None else []
    return f"{scheme}://{URL(scope={'scheme': scheme, 'server': server, 'path': '/', 'headers': headers}).netloc}"


def _response(members: Mapping[str, Any]) -> Response:
    headers = {name: one.value for name, one in members["headers"].items()}
    for name, value in headers.items():
        if not _HEADER_VALUE.fullmatch(value):
            raise ValueError(f"the header {name} holds control characters, or others than ASCII's")
    # The host parses the status as a number, and takes every other value as it is.
    return Response(members["body"].value, int(members["status_code"].value), headers)
