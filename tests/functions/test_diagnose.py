"""`POST diagnose`: any body is answered, and nothing is left behind."""

import json
from typing import Any

import pytest
from hypothesis import given

from tests.builders import threaded
from tests.diagnosis.doctor import QUIRKS
from tests.dialects.whatsapp import RIGHT_WEBHOOKS
from tests.functions.hosts import Host, activity, problem
from tests.functions.odd_bodies import RIGHT_ACTIVITIES, RIGHT_EVENTS, RIGHT_UPDATES, bodies
from tests.functions.test_any_body import GENERATED

DIAGNOSE = "/api/tenants/contoso/diagnose"


async def diagnosed(host: Host, body: bytes, **parameters: str) -> dict[str, Any]:
    answer = await host.client.post(DIAGNOSE, content=body, params=parameters)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    document: dict[str, Any] = answer.json()
    return document


async def test_a_payload_is_diagnosed_and_nothing_is_recorded(host: Host) -> None:
    # given payloads of every dialect, with every quirk
    for body in BODIES:
        # when each is diagnosed
        diagnosis = await diagnosed(host, body)
        # then it becomes something, or something is said of it
        assert diagnosis["events"] or diagnosis["ignored"] or diagnosis["findings"]
    # and nothing is on the bus, in the store, parked, or in a thread: posting begins the thread's first conversation
    assert await host.published() == []
    assert (await host.shown("conversations"))["conversations"] == []
    assert (await host.shown("parked"))["parked"] == []
    receipt = await host.accepted("/api/tenants/contoso/channels/contoso-chat/webchat", activity())
    assert receipt["conversation"]["conversationId"] == threaded()


BODIES = [payload.read_bytes() for payload in QUIRKS]


async def test_a_finding_has_code_severity_path_reason_and_remedy(host: Host) -> None:
    said = activity(**{"from": {"id": "28:7d0cae1c-0000-4000-8000-000000000001", "role": "bot"}}, timestamp=None)
    diagnosis = await diagnosed(host, json.dumps(said).encode(), account="contoso-chat", channel="webchat")
    assert diagnosis["channel"] == {
        "accountId": "contoso-chat", "channelId": "webchat", "dialect": "botFramework", "assumed": False
    }  # fmt: skip
    assert {
        "code": "not_bridged",
        "severity": "warning",
        "path": "channelData.deliveryMode",
        "reason": "is missing, so the line is not bridged: it is private, and the customer sees nothing",
        "remedy": 'Send channelData.deliveryMode "bridged" with what the customer should see.',
    } in diagnosis["findings"]


async def test_an_unknown_tenant_and_an_unknown_channel_are_refused(host: Host) -> None:
    unknown = await host.client.post("/api/tenants/nobody/diagnose", content=b"{}")
    assert (unknown.status_code, problem(unknown)["code"]) == (404, "unknown_tenant")
    gone = await host.client.post(DIAGNOSE, content=b"{}", params={"account": "gone"})
    assert (gone.status_code, problem(gone)["code"]) == (404, "unknown_account")


@given(body=bodies([*RIGHT_ACTIVITIES, *RIGHT_UPDATES, *RIGHT_WEBHOOKS, *RIGHT_EVENTS]))
@GENERATED
async def test_any_body_is_diagnosed(host: Host, body: bytes) -> None:
    await diagnosed(host, body)


@pytest.mark.parametrize("depth", [60, 66, 200, 1000, 100_000])
async def test_no_depth_is_too_much_to_diagnose(host: Host, depth: int) -> None:
    await diagnosed(host, b"[" * depth + b"]" * depth)
    await diagnosed(host, b'{"activities":' + b"[" * depth + b"]" * depth + b"}")
