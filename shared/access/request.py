"""A request as authorization needs it, independent of the web framework; its id, and the limits of its body."""

import contextvars
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.dialects.received import Received
from shared.errors import BodyEncoded, BodyTooLarge, LengthRequired
from shared.events.trace_context import trace_context

REQUEST_ID_HEADER = "x-request-id"
MAX_BODY_BYTES = 1024 * 1024
"""1 MB, for every route that takes a body."""

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the current request; `-` outside of one, as in a function of the bus."""

_PLAIN_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Request:
    """A request. Names of headers are lower-case; `address` holds the named segments of the path."""

    headers: Mapping[str, str]
    address: Mapping[str, str]
    body: bytes
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)

    @property
    def received(self) -> Received:
        """The request as a dialect sees it."""
        return Received(self.body, self.headers, self.method, self.query)


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's own id where it is short and plain, else its trace (W3C `traceparent`), else a new one."""
    own = headers.get(REQUEST_ID_HEADER, "")
    if _PLAIN_ID.fullmatch(own):
        return own
    trace = trace_context(headers)
    return trace.trace_id if trace else secrets.token_hex(16)


def refuse_body(request: Request) -> None:
    """Refuse a body that is over 1 MB (BodyTooLarge), sent in chunks (LengthRequired) or compressed (BodyEncoded)."""
    if len(request.body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(request.body), MAX_BODY_BYTES)
    if not request.body and "chunked" in request.headers.get("transfer-encoding", "").lower():
        raise LengthRequired
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if request.body and encoding not in ("", "identity"):
        raise BodyEncoded(encoding)


def name_requests_in_logs() -> None:
    """Give every log record from now on the member `request_id`. A second call changes nothing."""
    make = logging.getLogRecordFactory()
    if isinstance(make, _Records):
        return
    logging.setLogRecordFactory(_Records(make))


class _Records:
    def __init__(self, make: Any) -> None:
        self._make = make

    def __call__(self, *args: Any, **kwargs: Any) -> logging.LogRecord:
        record: logging.LogRecord = self._make(*args, **kwargs)
        record.request_id = request_id.get()
        return record
