"""What every family of adapters keeps under: no id, key or indexed member holds a native id, or what gives it away."""

import json
import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from shared.clock import Clock
from shared.conversations.find import read_customer, read_thread
from shared.events.overflow import POSTS
from shared.tenants.configurations import Configurations, ConfigurationStore
from shared.tenants.history import Version
from tests.builders import CONFIGURED, contoso
from tests.contract.conftest import Adapters
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryArchive, MemoryOverflow
from tests.log_scan import all_of
from tests.native_ids import ACTIVITIES, CUSTOMER, EVENTS, ON_THE_BUS, THREAD, UPDATES, WEBHOOKS, natively_named
from tests.observed import Observed

TENANTS = {"contoso": b"one secret", "contoso-2": b"another secret"}
WEB_CHAT = {"accountId": "contoso-chat", "channelId": "webchat"}


class WatchedOverflow(MemoryOverflow):
    """Notes each place that is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.places: list[str] = []

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        self.places.append(place)
        await super().put(tenant_id, place, sha256, content)


class WatchedArchive(MemoryArchive):
    """Notes each key that is written to."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[str] = []

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        self.keys.append(key)
        await super().add(tenant_id, key, part, document)


async def posted(pipeline: InMemory, tenant_id: str) -> list[str]:
    """Send each body to its ingress, and deliver all. Returns the ids of conversations that were answered."""
    answered: list[str] = []
    for account, channel, bodies in (
        ("contoso-chat", "webchat", ACTIVITIES),
        ("contoso-telegram", "telegram", UPDATES),
        ("contoso-app", "app", EVENTS[:1]),
        ("contoso-whatsapp", "whatsapp", WEBHOOKS),
    ):
        for body in bodies:
            content = json.dumps(_of_tenant(body, tenant_id)).encode()
            receipt = await pipeline.receiver.receive_activity(tenant_id, account, channel, content)
            answered.append(receipt.conversation_id or "")
            await pipeline.drain()
    batch = [_of_tenant(one, tenant_id) for one in EVENTS]
    await pipeline.receiver.receive_events(tenant_id, json.dumps(batch).encode())
    await pipeline.deliveries.deliver(json.dumps(_of_tenant(ON_THE_BUS, tenant_id)).encode())
    await pipeline.drain()
    return answered


def _of_tenant(body: dict[str, object], tenant_id: str) -> dict[str, object]:
    return {**body, "tenantid": tenant_id} if "tenantid" in body else body


async def swept(pipeline: InMemory, later: timedelta) -> None:
    pipeline.clock.advance(later)
    await pipeline.sweep.run()
    await pipeline.drain()


async def check_ids(
    adapters: Adapters,
    observed: Observed,
    caplog: pytest.LogCaptureFixture,
    configurations: Callable[[ConfigurationStore, Clock], Configurations] = Configurations,
) -> None:
    caplog.set_level(logging.DEBUG)
    overflow, archive = WatchedOverflow(), WatchedArchive()
    pipeline = InMemory(
        adapters.conversations, adapters.ledger,
        configuration_store=adapters.configurations, configured_by=configurations, thread_store=adapters.threads,
        archive=archive, overflow=overflow, parked=adapters.parked, reports=adapters.reports,
        telemetry=observed.telemetry,
    )  # fmt: skip
    ours: dict[str, set[str]] = {}
    answered: list[str] = []
    # Given two tenants to whom the same persons write on the same channels, at every ingress
    for tenant_id, secret in TENANTS.items():
        configuration = contoso().model_copy(update={"tenant_id": tenant_id})
        await adapters.configurations.create(tenant_id, Version(1, CONFIGURED, configuration), secret)
        before = len(overflow.places)
        answered += await posted(pipeline, tenant_id)
        # When conversations fall silent, are archived, and are asked for, and the month is counted
        for later in (timedelta(hours=1), timedelta(hours=1), timedelta(days=2)):
            await swept(pipeline, later)
        await pipeline.usage.roll_up_all()
        thread = {"channel": {**WEB_CHAT, "threadId": THREAD}}
        customer = {"channel": WEB_CHAT, "customer": {"id": CUSTOMER}}
        found = await pipeline.finder.in_thread(tenant_id, read_thread(json.dumps(thread).encode()))
        our_id, page = await pipeline.finder.of_customer(tenant_id, read_customer(json.dumps(customer).encode()), None)
        keys = {head.conversation.key for head in (*found, *page.heads)}
        assert len(keys) == 2
        # Notes of posts have one place, whose name is no id.
        ours[tenant_id] = {our_id, *keys, *overflow.places[before:]} - {POSTS}
    # Then all of them left something: facts, threads, rows, parked events, contents, archives, reports
    assert adapters.kept_under is not None
    stored = await adapters.kept_under()
    left = [event.code for tenant_id in TENANTS for event in await adapters.parked.parked(tenant_id)]
    assert sorted(left) == ["event_id_conflict"] * 4 + ["unknown_account"] * 2
    assert any(place.startswith("+") for place in overflow.places)
    assert set(archive.keys) <= set(stored)
    assert any("escalated" in text for text in stored), "the ledger is among what is stored"
    # and no native id is in any id, key, place, row, span or line of a log
    outlets = [*stored, *answered, *overflow.places, *archive.keys, *(text for each in ours.values() for text in each)]
    logged = [all_of(record) for record in caplog.records]
    assert natively_named([*outlets, *logged, observed.everything()]) == []
    # nor does the same native id lead to the same id of ours for both, as it would where it could be computed
    assert set.intersection(*ours.values()) == set()


@pytest.mark.parametrize("adapters", ["embedded", "azure"], indirect=True)
async def test_no_id_of_ours_holds_or_gives_away_a_native_id(
    adapters: Adapters, observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    await check_ids(adapters, observed, caplog)
