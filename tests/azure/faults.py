"""A transport of the real SDK that sees every request for documents, and makes some of them fail."""

import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import ServiceRequestError, ServiceResponseTimeoutError
from azure.core.pipeline.transport import AioHttpTransport, AsyncHttpResponse, HttpRequest
from azure.core.utils import CaseInsensitiveDict

from shared.azure.cosmos.keys import SCHEMA


class Answer(AsyncHttpResponse):
    """An answer that a fault makes up."""

    def __init__(self, request: HttpRequest, status: int, headers: Mapping[str, str], body: Any = None) -> None:
        super().__init__(request, None)
        self.status_code = status
        self.reason = ""
        self.headers = CaseInsensitiveDict({"content-type": "application/json", "x-ms-request-charge": "1", **headers})
        self.content_type = "application/json"
        self._body = json.dumps({"code": str(status), "message": "injected"} if body is None else body).encode()

    def body(self) -> bytes:
        return self._body


@dataclass(frozen=True)
class Request:
    """The members of a request for documents that faults use."""

    http: HttpRequest

    @property
    def method(self) -> str:
        return str(self.http.method)

    @property
    def batch(self) -> list[dict[str, Any]]:
        """The operations of a transactional batch; none for other requests."""
        data = self.http.data
        body = json.loads(data) if isinstance(data, str | bytes) and data else None
        return body if isinstance(body, list) else []

    @property
    def is_query(self) -> bool:
        return "query+json" in self.http.headers.get("Content-Type", "")

    @property
    def is_create(self) -> bool:
        return self.method == "POST" and not self.is_query and not self.batch

    def place(self, operations: tuple[str, ...], kind: str) -> int | None:
        """The index in the batch of the first of these operations on a document of this kind."""
        for place, one in enumerate(self.batch):
            document_id = one.get("id") or one.get("resourceBody", {}).get("id", "")
            if one["operationType"].lower() in operations and document_id.startswith(kind):
                return place
        return None

    def answered(self, status: int, **headers: str) -> Answer:
        return Answer(self.http, status, {name.replace("_", "-"): value for name, value in headers.items()})

    def failed_at(self, place: int, status: int) -> Answer:
        """The batch's answer when one operation failed, so that none was carried out."""
        size = len(self.batch)
        results = [{"statusCode": status if n == place else 424, "requestCharge": 0} for n in range(size)]
        return Answer(self.http, 207, {}, results)


Fault = Callable[[Request], Answer | Exception | None]
"""The answer or error instead of the server's; None if this request cannot fail so."""


@dataclass(frozen=True)
class AfterCommit:
    """A fault after the request was carried out."""

    fault: Fault


When = Callable[[int], bool]
"""Given n, True if the n-th request that the fault applies to fails, counted from 1."""


def always(_: int) -> bool:
    """Every request fails."""
    return True


def every(n: int, times: int = 1) -> When:
    """So many requests in a row fail, again after every n-1 others."""
    cycle = n + times - 1
    return lambda possible: (possible - 1) % cycle >= n - 1


def only(n: int, times: int = 1) -> When:
    """So many requests in a row fail, from the n-th on."""
    return lambda possible: n <= possible < n + times


@dataclass
class Seen:
    """A request with the headers that tests use, and its answer."""

    method: str
    path: str
    session: str | None
    status: int | None = None
    token: str | None = None


class WatchedTransport(AioHttpTransport):  # type: ignore[misc]  # the SDK exports it without a type
    """Records every request for documents but the one for the schema's version, with which each process begins.

    Of those that the fault applies to, some fail.
    """

    def __init__(self, fault: Fault | AfterCommit | None = None, goes_wrong: When = always) -> None:
        super().__init__()
        self.seen: list[Seen] = []
        self.others: list[str] = []
        self.injected = 0
        self._fault = fault
        self._goes_wrong = goes_wrong
        self._possible = 0

    async def send(self, request: HttpRequest, **config: Any) -> Any:
        if "/docs" not in request.url or f"/docs/{SCHEMA}" in request.url:
            self.others.append(request.url)
            return await super().send(request, **config)
        seen = Seen(request.method, request.url.partition("/colls/")[2], request.headers.get("x-ms-session-token"))
        self.seen.append(seen)
        answer = await self._answer(request, config)
        seen.status = answer.status_code
        seen.token = answer.headers.get("x-ms-session-token")
        return answer

    async def _answer(self, request: HttpRequest, config: dict[str, Any]) -> Any:
        late = isinstance(self._fault, AfterCommit)
        fault = self._fault.fault if isinstance(self._fault, AfterCommit) else self._fault
        instead = fault(Request(request)) if fault else None
        if instead is None:
            return await super().send(request, **config)
        self._possible += 1
        if not self._goes_wrong(self._possible):
            return await super().send(request, **config)
        self.injected += 1
        if late:
            real = await super().send(request, **config)
            if real.status_code >= 400:
                return real
        if isinstance(instead, Exception):
            raise instead
        return instead


class InterruptedTransport(WatchedTransport):
    """Lets another process write after so many answers."""

    def __init__(self, after: int, meanwhile: Callable[[], Awaitable[object]]) -> None:
        super().__init__()
        self._after = after
        self._meanwhile = meanwhile

    async def send(self, request: HttpRequest, **config: Any) -> Any:
        answer = await super().send(request, **config)
        if len(self.seen) == self._after and "/docs" in request.url:
            await self._meanwhile()
        return answer


@dataclass(frozen=True)
class Kind:
    """A kind of fault by its name."""

    name: str
    fault: Fault | AfterCommit
    times: int = 1
    """How many requests in a row fail."""

    def at_every(self, n: int) -> When:
        """The fault at every n-th request; after an outage some requests succeed, so that a delivery can."""
        return every(n if self.times == 1 else n * 8, self.times)

    def at_only(self, n: int) -> When:
        """The fault at the n-th request only."""
        return only(n, self.times)


def _missing(request: Request) -> Answer | None:
    if request.method == "GET" or request.is_query:
        return request.answered(404, x_ms_substatus="1002")
    place = request.place(("replace",), "")
    if place is not None:
        return request.failed_at(place, 404)
    return request.answered(404, x_ms_substatus="0") if request.method == "PUT" else None


def _fact_taken(request: Request) -> Answer | None:
    if request.place(("create",), "fact:") == 0:
        return request.failed_at(0, 409)
    return request.answered(409) if request.is_create else None


def _head_taken(request: Request) -> Answer | None:
    place = request.place(("create", "replace"), "head")
    return None if place is None else request.failed_at(place, 409)


def _changed(request: Request) -> Answer | None:
    place = request.place(("create", "replace"), "head")
    if place is None:
        place = request.place(("replace",), "session:")
    if place is not None:
        return request.failed_at(place, 412)
    return request.answered(412) if request.method == "PUT" else None


KINDS = (
    Kind("404", _missing),
    # Another process was faster with the same fact, which is stored.
    Kind("409 on the fact", AfterCommit(_fact_taken)),
    Kind("409 on the head", _head_taken),
    Kind("412", _changed),
    Kind("429", lambda request: request.answered(429, x_ms_retry_after_ms="1")),
    Kind("449", lambda request: request.answered(449)),
    Kind("503", lambda request: request.answered(503)),
    Kind("time-out after the commit", AfterCommit(lambda _: ServiceResponseTimeoutError("too slow"))),
    Kind("no connection", lambda _: ServiceRequestError("refused")),
    Kind("outage", lambda request: request.answered(503), times=4),
    Kind("answers lost again and again", AfterCommit(lambda _: ServiceResponseTimeoutError("too slow")), times=4),
)
