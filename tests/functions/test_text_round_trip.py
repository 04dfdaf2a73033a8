"""Text comes back exactly as it was said, or is refused by name."""

import json
from typing import Any

import pytest

from tests.builders import document
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, paths

TEXTS = (
    "\U0001f469\u200d\U0001f469\u200d\U0001f467\U0001f3fd 4-byte \U0001f4b3",
    "e\u0301 and \u00e9 are not made one",
    "\u05e9\u05dc\u05d5\u05dd \u202e\u0645\u0631\u062d\u0628\u0627\u202c",
    "before\x00after\x1f\x7f\u2028\ufeff",
    '"; DROP TABLE facts; -- <script>{$Var$}</script>\r\n\t\\',
    "\ud7ff\ue000\ufffd\uffff\U0010ffff",
)


async def said(host: Host) -> list[str]:
    (head,) = (await host.shown("conversations"))["conversations"]
    return [entry["text"] for entry in (await host.shown(f"conversations/{head['key']}/transcript"))["entries"]]


async def test_every_text_comes_back_through_a_channels_ingress(host: Host) -> None:
    for n, text in enumerate(TEXTS):
        at = f"2026-10-20T11:00:{n:02}Z"
        assert (await host.client.post(WEB_CHAT, json=activity(id=f"a{n}", text=text, timestamp=at))).status_code == 202
    await host.drain()
    assert await said(host) == list(TEXTS)


async def test_every_text_comes_back_through_the_events_ingress(host: Host) -> None:
    for n, text in enumerate(TEXTS):
        data = {"author": {"role": "customer", "id": text[:8]}, "text": text, "odd": {text: [text]}}
        await host.accepted(EVENTS, document("message.posted", data, at=f"2026-10-20T11:00:{n:02}Z"))
    await host.drain()
    assert await said(host) == list(TEXTS)


@pytest.mark.parametrize(
    ("member", "path"), [("text", "data.text"), ("odd", "data.odd")], ids=["a known member", "an unknown one"]
)
async def test_a_lone_surrogate_is_refused_by_the_members_name(host: Host, member: str, path: str) -> None:
    data: dict[str, Any] = {"author": {"role": "customer", "id": "u"}, member: "X"}
    body = json.dumps(document("message.posted", data)).encode().replace(b'"X"', b'"\\ud83d"')
    assert paths(await host.client.post(EVENTS, content=body)) == [path]
