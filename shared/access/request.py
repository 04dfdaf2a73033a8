"""A request as access sees it, whatever serves it; its id, and what its body may be."""

import contextvars
import logging
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.errors import BodyEncoded, BodyTooLarge, LengthRequired
from shared.events.trace_context import trace_context

REQUEST_ID_HEADER = "x-request-id"
MAX_BODY_BYTES = 1024 * 1024
"""1 MB, at every ingress that takes a body."""

request_id: contextvars.ContextVar[str] = contextvars.ContextVar("request_id", default="-")
"""The id of the request under way; `-` where there is none, as in a function of the bus."""

_SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@dataclass(frozen=True)
class Request:
    """Names of headers are lower-case; `address` holds the named segments of the path."""

    headers: Mapping[str, str]
    address: Mapping[str, str]
    body: bytes


def request_id_of(headers: Mapping[str, str]) -> str:
    """The caller's own id where it is short and plain, else its trace (W3C `traceparent`), else a new one."""
    own = headers.get(REQUEST_ID_HEADER, "")
    if _SANE.fullmatch(own):
        return own
    trace = trace_context(headers)
    return trace.trace_id if trace else uuid.uuid4().hex


def refuse_body(request: Request) -> None:
    """Raise BodyTooLarge for more than 1 MB, LengthRequired for a body that was lost on the way, and BodyEncoded."""
    if len(request.body) > MAX_BODY_BYTES:
        raise BodyTooLarge(len(request.body), MAX_BODY_BYTES)
    if not request.body and "chunked" in request.headers.get("transfer-encoding", "").lower():
        raise LengthRequired
    encoding = request.headers.get("content-encoding", "").strip().lower()
    if request.body and encoding not in ("", "identity"):
        raise BodyEncoded(encoding)


def name_requests_in_logs() -> None:
    """From now on give every log record the member `request_id`. Doing so again changes nothing."""
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
