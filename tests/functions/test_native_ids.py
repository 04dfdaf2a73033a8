"""No address, header, log, span or usage file names a person natively, and none shows a tenant's secret."""

import base64
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.functions.hosts import EVENTS as EVENTS_PATH
from tests.functions.hosts import WEB_CHAT, Host, hosted
from tests.log_scan import all_of
from tests.native_ids import ACTIVITIES, CUSTOMER, EVENTS, THREAD, UPDATES, WEBHOOKS, natively_named
from tests.observed import Observed
from tests.seeds import TENANT_SECRET

TENANT = "/api/tenants/contoso"
CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat"}
OURS = ("key", "conversationId", "continuation", "url", "href")
"""The members of answers that hold our ids and addresses."""
SECRET = TENANT_SECRET.encode()
SPELLINGS = (
    TENANT_SECRET,
    SECRET.hex(),
    base64.b64encode(SECRET).decode().rstrip("="),
    base64.urlsafe_b64encode(SECRET).decode().rstrip("="),
)


def ours_in(answer: Any) -> list[str]:
    """Each of our ids and addresses in an answer's JSON."""
    if isinstance(answer, list):
        return [text for item in answer for text in ours_in(item)]
    if not isinstance(answer, dict):
        return []
    own = [value for name, value in answer.items() if name in OURS and isinstance(value, str)]
    return own + [text for value in answer.values() for text in ours_in(value)]


async def everything(host: Host) -> AsyncIterator[httpx.Response]:
    """Send each body to its ingress, let time go by, and ask each route for what became of them."""
    telegram = f"{TENANT}/channels/contoso-telegram/telegram"
    whatsapp = f"{TENANT}/channels/contoso-whatsapp/whatsapp"
    app = f"{TENANT}/channels/contoso-app/app"
    posts = [
        *((WEB_CHAT, one) for one in ACTIVITIES),
        *((telegram, one) for one in UPDATES),
        *((whatsapp, one) for one in WEBHOOKS),
        (EVENTS_PATH, EVENTS),
        (app, EVENTS),
    ]
    for path, body in posts:
        yield await host.client.post(path, content=json.dumps(body))
        await host.drain()
    yield await host.client.post(f"{TENANT}/conversations/find", json={"channel": {**CHANNEL, "threadId": THREAD}})
    yield await host.client.post(f"{TENANT}/customers/find", json={"channel": CHANNEL, "customer": {"id": CUSTOMER}})
    yield await host.client.post(f"{TENANT}/diagnose?account=contoso-chat&channel=webchat", json=ACTIVITIES[1])
    listed = await host.client.get(f"{TENANT}/conversations")
    yield listed
    for one in listed.json()["conversations"]:
        yield await host.client.get(f"{TENANT}/conversations/{one['key']}")
        yield await host.client.get(f"{TENANT}/conversations/{one['key']}/routing")
        transcript = await host.client.get(f"{TENANT}/conversations/{one['key']}/transcript?audience=agent")
        yield transcript
        for file in (file for entry in transcript.json()["entries"] for file in entry["attachments"] if file["url"]):
            yield await host.client.get(f"{TENANT}/conversations/{one['key']}/{file['url']}")
    parked = await host.client.get(f"{TENANT}/parked")
    yield parked
    for event in parked.json()["parked"]:
        yield await host.client.post(f"{TENANT}/parked/{event['id']}/replay")
    for path in ("usage", "usage/2026-10", "usage/2026-10/sessions", "configuration"):
        for answer_format in ("json", "html", "csv", "ndjson"):
            yield await host.client.get(f"{TENANT}/{path}?format={answer_format}")
    yield await host.client.get("/api/health")


async def test_no_address_log_span_or_usage_file_names_a_person_natively(
    tmp_path: Path, observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a host to whose every ingress channels post
    caplog.set_level(logging.DEBUG)
    async with hosted(tmp_path, telemetry=observed.telemetry) as host:
        await host.configured("contoso")
        # When everything is read that became of it
        answers = [answer async for answer in everything(host)]
        host.clock.advance(timedelta(hours=1))
        await host.pipeline.sweep.run()
        await host.drain()
    assert sum(answer.is_success for answer in answers) > 50
    # Then no address, header or id of ours holds a native id
    ours = [str(answer.request.url) for answer in answers]
    ours += [value for answer in answers for value in answer.headers.values()]
    bodies = [answer.json() for answer in answers if answer.headers.get("content-type") == "application/json"]
    ours += ours_in(bodies)
    # nor does what finance reads, a span, or a line of a log
    ours += [answer.text for answer in answers if "/usage" in answer.request.url.path]
    ours += [observed.everything(), *(all_of(record) for record in caplog.records)]
    assert natively_named(ours) == []
    # And nothing at all shows the tenant's secret
    shown = [*ours, *(answer.text for answer in answers)]
    assert [text for text in shown if any(spelling in text for spelling in SPELLINGS)] == []
