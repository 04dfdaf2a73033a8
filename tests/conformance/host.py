"""The data that the Functions host sends to its Python worker: requests, messages and timers, as in version 4.

Their shapes follow from the worker's capabilities (`test_indexing.py` checks them): bodies are bytes, a request's
values are texts, and empty values are left out. `local/http_functions.py` reads requests and sends answers.
"""

import json
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

from local.http_functions import HttpFunctions, http_datum
from shared import bootstrap
from shared.clock import MovableClock
from shared.embedded.messages import Delivery
from shared.events.bus import CONTENT_TYPE, SUBSCRIPTIONS
from shared.events.envelope import parse_time
from shared.settings import Settings
from shared.telemetry import OFF, Telemetry
from tests.conformance.runtime import Datum, Indexed, InvocationFailedError, Worker, datum
from tests.functions.hosts import NOW, Host

_NEVER = "9999-12-31T23:59:59.9999999"


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
        transport = httpx.ASGITransport(http_functions(worker))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield RuntimeHost(pipeline, clock, client, worker)
    finally:
        await pipeline.database.close()


def http_functions(worker: Worker) -> HttpFunctions:
    """The HTTP functions, run by the worker."""

    async def run(name: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        answer = await worker.run(name, *sent_request(members))
        assert answer is not None, "an HTTP function returns"
        assert answer.type == "http"
        value: Mapping[str, Any] = answer.value
        return value

    return HttpFunctions([one for one in worker.functions.values() if _kind(one) == "http"], run)


def sent_request(members: Mapping[str, Any]) -> tuple[Datum, dict[str, Datum]]:
    """A request as `RpcHttp`, and as metadata."""
    described = {name: datum(json.dumps(members[name.lower()]), "json") for name in ("Headers", "Query")}
    named = {**_members(members["body"]), **_texts(members["query"]), **_texts(members["params"])}
    return http_datum(members, datum), {**described, **named}


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
