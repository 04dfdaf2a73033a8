"""Mistakes of senders in the sample month: posts that the ingress refuses, and events that can only be parked."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.sample.cast import ZONES
from local.sample.post import BATCH, EVENT, JSON, Post

RETENTION = timedelta(days=400)
"""Longer than the retention of any example."""

_WEBHOOKS = {
    "contoso": "contoso-chat/webchat",
    "fabrikam": "fabrikam-web/webchat",
    "northwind": "northwind-web/webchat",
}
_MAX_EVENT = 200 * 1024


def oddities(rng: Random, thin: int) -> Iterator[Post]:
    """Every kind of mistake for every tenant; events that are parked up to three times, fewer in a thinner month."""
    for tenant in ZONES:
        for _ in range(max(1, 3 // thin)):
            yield _relic(rng, tenant)
        yield from _refused(rng, tenant)
    at = _moment(rng)
    stranger = _event(rng, "litware", at)
    yield Post("/api/tenants/litware/events", EVENT, _bytes(stranger), at, ("unknown_tenant",))


def conflicting(post: Post) -> Post | None:
    """A post that reuses the id of a customer's line for another text, ten minutes later; None if there is no line."""
    document = json.loads(post.body)
    match document:
        case {"type": "message", "from": {"role": "user"}} | {"type": "message.posted"}:
            line = document.get("data", document)
        case {"message": dict(line)}:
            pass
        case _:
            return None
    line["text"] = f"{line['text']} (sent by a counter that began anew)"
    return replace(post, body=_bytes(document), at=post.at + timedelta(minutes=10))


def _refused(rng: Random, tenant: str) -> Iterator[Post]:
    webhook = f"/api/tenants/{tenant}/channels/{_WEBHOOKS[tenant]}"
    at = [_moment(rng) for _ in range(6)]
    activity = _activity(rng, at[0])
    yield Post(webhook.replace("webchat", "kiosk"), JSON, _bytes(activity), at[0], ("unknown_account",))
    nameless = {name: value for name, value in _activity(rng, at[1]).items() if name != "conversation"}
    yield Post(webhook, JSON, _bytes(nameless), at[1], ("invalid_activity",))
    yield Post(webhook, JSON, _bytes(_activity(rng, at[2] - RETENTION)), at[2], ("too_late",))
    address = f"/api/tenants/{tenant}/events"
    yield Post(address, EVENT, _bytes(_event(rng, tenant, at[3]))[:-2], at[3], ("invalid_event",))
    large = _event(rng, tenant, at[4])
    large["data"]["author"]["name"] = "long " * (_MAX_EVENT // 5)
    yield Post(address, EVENT, _bytes(large), at[4], ("event_too_large",))
    unknown = {**_event(rng, tenant, at[5]), "type": "message.whispered"}
    relic = json.loads(_relic(rng, tenant).body)
    yield Post(address, BATCH, _bytes([unknown, relic]), at[5], ("invalid_event",))


def _relic(rng: Random, tenant: str) -> Post:
    """An old event from a backup: the ingress accepts it, as it may be known already; then it is parked as too late."""
    at = _moment(rng)
    return Post(f"/api/tenants/{tenant}/events", EVENT, _bytes(_event(rng, tenant, at - RETENTION)), at)


def _moment(rng: Random) -> datetime:
    return datetime(2026, 10, rng.randint(2, 30), rng.randint(6, 20), rng.randint(0, 59), tzinfo=UTC)


def _event(rng: Random, tenant: str, moment: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": f"{rng.getrandbits(64):016x}",
        "source": f"https://backup.{tenant}.example/",
        "type": "message.posted",
        "subject": f"{tenant}:{rng.getrandbits(64):016x}@odd",
        "time": moment.isoformat().replace("+00:00", "Z"),
        "tenantid": tenant,
        "data": {"author": {"role": "customer", "id": "customer-odd"}, "text": "Is anybody there?"},
    }


def _activity(rng: Random, moment: datetime) -> dict[str, Any]:
    return {
        "type": "message",
        "id": f"{rng.getrandbits(64):016x}",
        "timestamp": moment.isoformat().replace("+00:00", "Z"),
        "conversation": {"id": f"{rng.getrandbits(64):016x}"},
        "from": {"id": "customer-odd", "role": "user"},
        "text": "Is anybody there?",
    }


def _bytes(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()
