"""The data that the Functions host sends to its Python worker: requests, messages and timers, as in version 4.

Their shapes follow from the worker's capabilities (`test_indexing.py` checks them): bodies are bytes, a request's
values are texts, and empty values are left out.
"""

import json
import re
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote

import httpx

from shared import bootstrap
from shared.clock import MovableClock
from shared.embedded.bus import Delivery
from shared.events.bus import CONTENT_TYPE, SUBSCRIPTIONS
from shared.events.envelope import parse_time
from shared.settings import Settings
from shared.telemetry import OFF, Telemetry
from tests.conformance.runtime import Datum, Indexed, InvocationFailedError, Worker, datum
from tests.functions.hosts import NOW, Host

_NEVER = "9999-12-31T23:59:59.9999999"
_SLASH = re.compile("%(?=2f)", re.IGNORECASE)


@dataclass(frozen=True)
class RuntimeHost(Host):
    """A host whose functions run in Microsoft's runtime; the pipeline behind them is the embedded one."""

    worker: Worker

    async def drain(self) -> None:
        """Run the bus's functions until no message waits; a failed one is delivered again, or becomes a dead letter."""
        functions = {
            one.trigger["subscriptionName"]: one for one in self.worker.functions.values() if _kind(one) == "serviceBus"
        }
        async for delivery in self._deliveries():
            function = functions[delivery.subscription]
            try:
                await self.worker.run(function.name, *sent_message(function.trigger, delivery))
            except InvocationFailedError as failure:
                await self.pipeline.bus.abandon(delivery, failure.kind)
            else:
                await self.pipeline.bus.complete(delivery)

    async def fire(self, name: str, *, past_due: bool = False, monitored: bool = True) -> None:
        """Run a timer. The host keeps no status of a schedule that recurs within a minute (`monitored=False`)."""
        await self.worker.run(name, *sent_timer(self.clock.now(), past_due=past_due, monitored=monitored))


@asynccontextmanager
async def hosted_by_runtime(
    worker: Worker, folder: Path, *, open_to_all: bool = True, telemetry: Telemetry = OFF
) -> AsyncIterator[RuntimeHost]:
    """A host on a database of its own in the folder."""
    clock = MovableClock(parse_time(NOW))
    own = Settings(database=folder / "patchbay.db")
    pipeline = bootstrap.embedded(own, clock, open_to_all=open_to_all, telemetry=telemetry)
    bootstrap.provide(pipeline)
    try:
        async with httpx.AsyncClient(transport=RuntimeTransport(worker), base_url="http://localhost") as client:
            yield RuntimeHost(pipeline, clock, client, worker)
    finally:
        await pipeline.database.close()


class RuntimeTransport(httpx.AsyncBaseTransport):
    """Routes requests to HTTP functions. No route: 404. A function that fails: 500 without a body, as in the host."""

    def __init__(self, worker: Worker) -> None:
        self._worker = worker
        self._routes = [one for one in worker.functions.values() if _kind(one) == "http"]

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        path = request.url.raw_path.partition(b"?")[0].decode("ascii")
        for function in self._routes:
            parameters = route_parameters(function.trigger["route"], path)
            if parameters is not None and request.method in function.trigger["methods"]:
                return await self._run(function, request, parameters)
        return httpx.Response(404)

    async def _run(self, function: Indexed, request: httpx.Request, parameters: Mapping[str, str]) -> httpx.Response:
        try:
            answer = await self._worker.run(function.name, *sent_request(request, parameters))
        except InvocationFailedError:
            return httpx.Response(500)
        assert answer is not None, "an HTTP function returns"
        assert answer.type == "http"
        headers = {name: one.value for name, one in answer.value["headers"].items()}
        # The host parses the status as a number, and takes every other value as it is.
        status, body = (answer.value[name].value for name in ("status_code", "body"))
        return httpx.Response(int(status), headers=headers, content=body)


def route_parameters(route: str, path: str) -> dict[str, str] | None:
    """The parameters of a path under `/api`; None if the path is not of this route. `%2F` stays as it is written."""
    pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", f"/api/{route}")
    found = re.fullmatch(pattern, path, re.IGNORECASE)
    if found is None:
        return None
    return {name: unquote(_SLASH.sub("%25", text)) for name, text in found.groupdict().items()}


def sent_request(request: httpx.Request, parameters: Mapping[str, str]) -> tuple[Datum, dict[str, Datum]]:
    """A request as `RpcHttp`: values that occur twice are joined, empty ones and bodies without a length are lost."""
    query = _joined(parse_qsl(request.url.query.decode("ascii"), keep_blank_values=True))
    headers = _joined((name.lower(), value) for name, value in request.headers.multi_items())
    body = request.content if int(request.headers.get("content-length", "0")) else b""
    value = {
        "method": datum(request.method, "string"),
        "url": datum(str(request.url), "string"),
        "headers": _texts(headers),
        "query": _texts({name: text for name, text in query.items() if text}),
        "params": _texts(parameters),
        "body": datum(body, "bytes"),
    }
    described = {"Headers": datum(json.dumps(headers), "json"), "Query": datum(json.dumps(query), "json")}
    return datum(value, "http"), {**described, **_members(body), **_texts(query), **_texts(parameters)}


def sent_message(trigger: Mapping[str, Any], delivery: Delivery) -> tuple[Datum, dict[str, Datum]]:
    """A message, with its properties as metadata: numbers and times as JSON, texts as they are, nothing for null.

    A body of data type binary comes as bytes. Any other comes as text, and the members of a JSON body replace the
    metadata of the same name, however it is capitalised.
    """
    numbers = {"DeliveryCount": delivery.delivery_count, "SequenceNumber": delivery.sequence}
    enqueued = delivery.enqueued_at.replace("+00:00", "")
    times = {
        "EnqueuedTimeUtc": enqueued,
        "EnqueuedTime": f"{enqueued}+00:00",
        "ExpiresAtUtc": _NEVER,
        "ExpiresAt": f"{_NEVER}+00:00",
    }
    objects: dict[str, Any] = {"ApplicationProperties": {}, "UserProperties": {}, "MessageActions": {}, "Client": {}}
    metadata = {name: datum(json.dumps(value), "json") for name, value in {**numbers, **times, **objects}.items()}
    subject = SUBSCRIPTIONS.get(delivery.subscription, "made.up")
    texts = {"ContentType": CONTENT_TYPE, "Subject": subject, "Label": subject, "LockToken": str(uuid.uuid4())}
    metadata |= _texts({"MessageId": delivery.message_id, **texts})
    if trigger.get("dataType") == "BINARY":
        return datum(delivery.body, "bytes"), metadata
    spelled = {name.lower(): name for name in metadata}
    replaced = {spelled.get(name.lower(), name): member for name, member in _members(delivery.body).items()}
    return datum(delivery.body.decode("utf-8"), "string"), {**metadata, **replaced}


def sent_timer(now: datetime, *, past_due: bool, monitored: bool) -> tuple[Datum, dict[str, Datum]]:
    """A timer's state as JSON."""
    last, following = (now + timedelta(minutes=step) for step in (-1, 1))
    status = {"Last": last.isoformat(), "Next": following.isoformat(), "LastUpdated": last.isoformat()}
    state = {
        "Schedule": {"AdjustForDST": True},
        "ScheduleStatus": status if monitored else None,
        "IsPastDue": past_due,
    }
    return datum(json.dumps(state), "json"), {"TimerTrigger": datum(f"{now:%m/%d/%Y %H:%M:%S}", "string")}


def _kind(function: Indexed) -> str:
    return str(function.trigger["type"]).removesuffix("Trigger")


def _texts(values: Mapping[str, str]) -> dict[str, Datum]:
    return {name: datum(text, "string") for name, text in values.items()}


def _joined(pairs: Any) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, text in pairs:
        joined[name] = f"{joined[name]},{text}" if name in joined else text
    return joined


def _members(body: bytes) -> dict[str, Datum]:
    """The members of a JSON object that the host adds to the metadata: objects, and texts of all else but arrays."""
    try:
        document = json.loads(body)
    except ValueError:
        return {}
    if not isinstance(document, dict):
        return {}
    kept = {name: value for name, value in document.items() if value is not None and not isinstance(value, list)}
    return {
        name: datum(json.dumps(value), "json") if isinstance(value, dict) else datum(str(value), "string")
        for name, value in kept.items()
    }
