"""The real functions behind the real routes, on an embedded pipeline in this process; and payloads to post."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from azure.functions.meta import Datum

from local.gate import Gate
from local.http import application
from local.index import Function, index
from shared import bootstrap
from shared.access.access import Access
from shared.bootstrap import EmbeddedPipeline
from shared.clock import MovableClock
from shared.embedded.messages import Delivery
from shared.embedded.tenants import EmbeddedConfigurations
from shared.events.bus import SUBSCRIPTIONS, UNROUTED
from shared.events.catalog import Event
from shared.events.codec import decode_event
from shared.events.envelope import parse_time
from shared.pipeline import Pipeline
from shared.settings import AccessSettings, Settings
from shared.telemetry import OFF, Telemetry
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration
from shared.tenants.history import Version
from tests.builders import CONFIGURED, EXAMPLES, contoso
from tests.seeds import CUSTOMER_NAME, TENANT_SECRET, TEXT

NOW = "2026-10-20T12:00:00Z"
WEB_CHAT = "/api/tenants/contoso/channels/contoso-chat/webchat"
EVENTS = "/api/tenants/contoso/events"

_UNLIMITED = {"requests_per_second": 0, "events_per_second": 0, "bytes_per_second": 0}

AccessTo = Callable[[Pipeline, AccessSettings], Access]
"""Makes what decides who may come in to a pipeline."""


@dataclass(frozen=True)
class Host:
    """A host whose bus is worked off when a test calls `drain`; its clock stands at NOW."""

    pipeline: EmbeddedPipeline
    clock: MovableClock
    client: httpx.AsyncClient

    async def configured(self, *tenants: str, since: datetime = CONFIGURED) -> "Host":
        """Add tenants of the examples, first configured at `since`, with the tests' secret. Returns this host."""
        for tenant in tenants:
            await self.add(example(tenant), since)
        return self

    async def add(self, configuration: Configuration, since: datetime = CONFIGURED) -> None:
        """Add a tenant, first configured at `since`, with the tests' secret."""
        store = EmbeddedConfigurations(self.pipeline.database)
        await store.create(configuration.tenant_id, Version(1, since, configuration), TENANT_SECRET.encode())
        # As a PUT does: a host that looked for it in vain knows it now.
        await self.pipeline.configurations.of(configuration.tenant_id, certain=True)

    async def accepted(self, path: str, document: Any) -> dict[str, Any]:
        """Post a JSON document that must be accepted. Returns the answer."""
        answer = await self.client.post(path, content=document if isinstance(document, bytes) else json.dumps(document))
        assert (answer.status_code, answer.headers["content-type"]) == (202, "application/json"), answer.text
        receipt: dict[str, Any] = answer.json()
        return receipt

    async def shown(self, path: str, tenant: str = "contoso", **parameters: str) -> Any:
        """The JSON of a resource of the tenant."""
        answer = await self.client.get(f"/api/tenants/{tenant}/{path}", params=parameters)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
        return answer.json()

    async def published(self) -> list[Event]:
        """Take the waiting events from the bus without handling them. Returns them in order of publishing."""
        taken = [one async for one in self._deliveries() if await self.pipeline.bus.complete(one)]
        return [decode_event(one.body) for one in sorted(taken, key=lambda one: one.sequence)]

    async def drain(self) -> None:
        """Run the bus's functions until no message waits; a failed one is delivered again, as a host does."""
        functions = _of_the_bus()
        async for delivery in self._deliveries():
            function = functions[delivery.subscription]
            metadata = {"UserProperties": Datum("{}", "json")}
            try:
                await function.run(function.decode(Datum(delivery.body, "bytes"), metadata))
            except Exception as failure:
                await self.pipeline.bus.abandon(delivery, type(failure).__name__)
            else:
                await self.pipeline.bus.complete(delivery)

    async def _deliveries(self) -> AsyncIterator[Delivery]:
        bus = self.pipeline.bus
        receivers = {name: asyncio.create_task(bus.receive(name, 100)) for name in (*SUBSCRIPTIONS, UNROUTED)}
        try:
            while bus.backlog().active:
                received, _ = await asyncio.wait(receivers.values(), timeout=30, return_when=asyncio.FIRST_COMPLETED)
                assert received, "something waits on the bus that no function takes"
                for name, receiver in list(receivers.items()):
                    if receiver.done():
                        for delivery in await receiver:
                            yield delivery
                        receivers[name] = asyncio.create_task(bus.receive(name, 100))
        finally:
            for receiver in receivers.values():
                receiver.cancel()
            await asyncio.gather(*receivers.values(), return_exceptions=True)


@asynccontextmanager
async def hosted(
    folder: Path,
    *,
    now: str = NOW,
    open_to_all: bool = True,
    telemetry: Telemetry = OFF,
    access_to: AccessTo = bootstrap.access_to,
    **settings: Any,
) -> AsyncIterator[Host]:
    """A host on a database of its own in the folder; without limits to a tenant, unless `settings` have them."""
    clock = MovableClock(parse_time(now))
    own = Settings(database=folder / "patchbay.db")
    pipeline = bootstrap.embedded(own, clock, open_to_all=open_to_all, telemetry=telemetry)
    bootstrap.provide(pipeline, access_to(pipeline, AccessSettings(**{**_UNLIMITED, **settings})))
    app = application(index(), clock)
    # Where callers need tokens, the platform stands before the functions.
    transport = httpx.ASGITransport(Gate(app) if open_to_all else app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield Host(pipeline, clock, client)
    finally:
        await pipeline.close()


@cache
def example(tenant: str) -> Configuration:
    """The tenant's configuration in examples/, decoded once: half of a short test's time went into its YAML."""
    if tenant == "contoso":
        return contoso()
    return decode_configuration(tenant, (EXAMPLES / f"{tenant}.yaml").read_bytes())


def function_named(name: str) -> Function:
    return next(function for function in index() if function.name == name)


def _of_the_bus() -> Mapping[str, Function]:
    """The functions that take messages, by their subscription."""
    return {one.trigger["subscriptionName"]: one for one in index() if one.kind == "serviceBusTrigger"}


def problem(answer: httpx.Response) -> dict[str, Any]:
    """The problem document (RFC 9457) in the answer to a refused request; its required members are checked."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    document: dict[str, Any] = answer.json()
    assert document["status"] == answer.status_code
    assert document["type"] == f"urn:patchbay:error:{document['code']}"
    assert document["title"]
    assert document["detail"]
    return document


def paths(answer: httpx.Response) -> list[str]:
    """The members that a 400 names, in order."""
    assert answer.status_code == 400, answer.text
    named = [mistake["path"] for mistake in problem(answer)["errors"]]
    assert all(path in answer.json()["detail"] for path in named)
    return sorted(named)


CUSTOMER = {"id": "customer-1", "name": CUSTOMER_NAME, "role": "user"}
BOT = {"id": "28:7d0cae1c-0000-4000-8000-000000000001", "name": "Contoso bot", "role": "bot"}


def activity(**members: Any) -> dict[str, Any]:
    """A Bot Framework activity: the customer's message, with some members replaced, and without those that are None."""
    usual: dict[str, Any] = {
        "type": "message",
        "id": "a1",
        "timestamp": "2026-10-20T11:00:00.1234567Z",
        "channelId": "directline",
        "serviceUrl": "https://directline.botframework.com/",
        "from": CUSTOMER,
        "recipient": BOT,
        "conversation": {"id": "thread-1"},
        "text": TEXT,
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


def bot_activity(**members: Any) -> dict[str, Any]:
    """A bot's message to the customer; bridged, so that the customer sees it, unless `channelData` says otherwise."""
    said: dict[str, Any] = {"from": BOT, "recipient": CUSTOMER, "channelData": {"deliveryMode": "bridged"}, "id": "a2"}
    return activity(**{**said, **members})
