"""What senders get wrong in the sample month: what is refused at the ingress, and what can only be parked after it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from local.sample.cast import ZONES
from local.sample.post import BATCH, EVENT, JSON, Post

RETENTION = timedelta(days=400)
"""Older than what any of the examples keeps."""

_WEBHOOKS = {
    "contoso": "contoso-chat/webchat",
    "fabrikam": "fabrikam-web/webchat",
    "northwind": "northwind-web/webchat",
}
_MOST = 200 * 1024


def oddities(rng: Random, thin: int) -> Iterator[Post]:
    """Each kind for every tenant; those that are parked a few times, by the `thin`th part of the month fewer."""
    for tenant in ZONES:
        for _ in range(max(1, 3 // thin)):
            yield _relic(rng, tenant)
        yield from _refused(rng, tenant)
    at = _moment(rng)
    stranger = _event(rng, "litware", at)
    yield Post("/api/tenants/litware/events", EVENT, _bytes(stranger), at, ("unknown_tenant",))


def conflicting(post: Post) -> Post | None:
    """A post that uses the id of a customer's line for another text, ten minutes later; None where it holds none."""
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
    large["data"]["author"]["name"] = "long " * (_MOST // 5)
    yield Post(address, EVENT, _bytes(large), at[4], ("event_too_large",))
    unheard = {**_event(rng, tenant, at[5]), "type": "message.whispered"}
    relic = json.loads(_relic(rng, tenant).body)
    yield Post(address, BATCH, _bytes([unheard, relic]), at[5], ("invalid_event",))


def _relic(rng: Random, tenant: str) -> Post:
    """An event from a backup: the ingress takes it, for what it is about may be known; then it is too late."""
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
