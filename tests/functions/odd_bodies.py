"""Generated bodies: valid payloads of each dialect, with odd values in a few of their members."""

import copy
import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

from tests.builders import document, json_values, message_document
from tests.functions.hosts import activity, bot_activity

AT = "2026-10-20T11:00:00Z"
CHANNEL = {"accountId": "contoso-app", "channelId": "app", "threadId": "t"}
HISTORY = [{"id": "m1", "time": AT, "author": {"role": "bot", "id": "b"}, "text": "x"}]
RIGHT_EVENTS = [
    document("conversation.started", {"channel": CHANNEL, "customer": {"id": "u", "name": "U"}}, at=AT),
    document("conversation.started", {"channel": CHANNEL, "customer": {"id": "u"}}, None, AT),
    message_document(time=AT),
    document("bot.escalated", {"botId": "b", "contextVariables": {"Age": 1}, "transcript": HISTORY}, at=AT),
    document("bot.escalated", {"botId": "contoso-bot", "channel": CHANNEL, "summary": "s"}, None, AT),
    document("inactivity.timeout", {"dueAt": AT}, at=AT),
    document("conversation.ended", {"endedBy": "agent", "reason": "resolved", "note": "n"}, at=AT),
    document("conversation.ended", {"endedBy": "bot", "reason": "other", "channel": CHANNEL}, None, AT),
]
TAGS = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
TRANSCRIPT = {"name": "Transcript", "contentType": "application/json", "content": {"activities": [activity()]}}
RIGHT_ACTIVITIES = [
    activity(),
    bot_activity(),
    activity(type="conversationUpdate", membersAdded=[{"id": "u"}]),
    activity(type="event", name="handoff.initiate", value={"Context": {"Age": 1}}, attachments=[TRANSCRIPT]),
    bot_activity(channelData={"tags": TAGS}),
    bot_activity(channelData={"tags": {"type": "EndConversation"}}),
    bot_activity(
        type="event", name="handoff.initiate", value={"va_LastPhrase": "x", "CloseOmnichannelConversation": True}
    ),
    {"activities": [activity(), bot_activity(type="trace", valueType="HandOff")], "watermark": "1"},
    activity(type="endOfConversation", code="userCancelled"),
    activity(attachments=[{"contentType": "image/png", "contentUrl": "https://x/y", "name": "y.png"}]),
]
_SAID = {"message_id": 2, "date": 1792494000, "chat": {"id": 3, "type": "private"}, "from": {"id": 4}}
_VENUE = {"title": "Bank", "address": "Main St", "location": {"latitude": 1.5, "longitude": 2}}
RIGHT_UPDATES: list[dict[str, Any]] = [
    {
        "update_id": 1,
        "message": {"message_id": 2, "date": 1792494000, "chat": {"id": 3}, "text": "x", "from": {"id": 4}},
    },
    {"update_id": 3, "edited_message": {**_SAID, "edit_date": 1792494001, "text": "y", "chat": {"id": 3}}},
    {"update_id": 4, "business_message": {**_SAID, "business_connection_id": "b", "venue": _VENUE}},
    {"update_id": 5, "deleted_business_messages": {"chat": {"id": 3}, "message_ids": [2, 3]}},
    {"update_id": 6, "message": {**_SAID, "migrate_to_chat_id": -1003}},
    {"update_id": 7, "message": {**_SAID, "users_shared": {"users": [{"user_id": 9, "first_name": "Z"}]}}},
    {"update_id": 8, "message": {**_SAID, "poll": {"question": "Which?", "options": [{"text": "Debit"}]}}},
    {
        "update_id": 9,
        "message": {
            **_SAID,
            "text": "x",
            "forward_origin": {"sender_chat": {"title": "Y"}},
            "entities": [{"type": "text_link", "offset": 0, "length": 1, "url": "https://x"}],
        },
    },
    {
        "update_id": 10,
        "callback_query": {
            "id": "7",
            "from": {"id": 4},
            "data": "x",
            "message": {**_SAID, "reply_markup": {"inline_keyboard": [[{"text": "X", "callback_data": "x"}]]}},
        },
    },
    {"update_id": 11, "message_reaction": {**_SAID, "user": {"id": 4}, "new_reaction": [{"emoji": "👍"}]}},
    {"update_id": 2, "message": {"message_id": 3, "date": 1792494000, "chat": {"id": -3}, "photo": [{"file_id": "f"}]}},
]
ODD: list[Any] = [
    None, True, "", "x" * 3000, "\ud800", "\x00", "👩‍👩‍👧", "~", "..", "a/b|c:d", "[" * 99, TAGS,
    [], {}, [[[{}]]], {"": {"": ""}}, -1, 0, 0.5, 9e12, 1e308, 2**63, -(10**390), 10**500, float("nan"), float("inf"),
    "2026-10-20T11:00:00.1234567890123Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "٢٠٢٦-10-20T11:00:00Z",
    '{"type":0,"context":{"A":NaN}}',
]  # fmt: skip


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member and item, at any depth, as (holder, name)."""
    names: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    inner = [place for name in names if isinstance(value[name], dict | list) for place in _places(value[name])]
    return [(value, name) for name in names] + inner


def mutated_by(chance: Random, right: Sequence[Any], anything: Callable[[], Any], ids: int = 40) -> bytes:
    """A valid document, of which up to three members are removed, doubled, or replaced; or a batch of two.

    `ids` is the number of ids, and of threads, so that some are used again.
    """
    written = copy.deepcopy(chance.choice(right))
    for name in ("subject", "id"):
        if isinstance(written, dict) and isinstance(written.get(name), str):
            written[name] = f"{name}-{chance.randint(0, ids)}"
    if isinstance(written, dict) and "channel" in written.get("data", {}):
        written["data"]["channel"]["threadId"] = f"thread-{chance.randint(0, ids)}"
    for _ in range(chance.randint(0, 3)):
        places = _places(written)
        if not places:
            break
        holder, name = chance.choice(places)
        match chance.choice(["odd", "odd", "any", "gone", "doubled"]):
            case "odd":
                holder[name] = copy.deepcopy(chance.choice(ODD))
            case "any":
                holder[name] = anything()
            case "doubled":
                holder[name] = [copy.deepcopy(holder[name]), copy.deepcopy(holder[name])]
            case _:
                del holder[name]
    return json.dumps([written, chance.choice(right)] if chance.randint(0, 9) == 0 else written).encode()


def headers_by(chance: Random, body: bytes) -> tuple[dict[str, str], bytes]:
    """A body's attributes as headers of binary mode, and its data as the body; some of both are odd."""
    try:
        document = json.loads(body)
    except ValueError:
        document = {"specversion": "1.0", "id": repr(body)[:100], "data": repr(body)}
    attributes = document if isinstance(document, dict) else {"id": "x", "data": document}
    headers = {"content-type": chance.choice(["application/json", "application/json", "text/plain", "", "x/y+json"])}
    for name, value in attributes.items():
        if name != "data" and chance.randint(0, 30):
            text = str(value)[:2000].encode("utf-8", "replace").decode()
            odd = chance.choice(["%ff", "%", '"', "%00", "%ED%A0%80"]) if chance.randint(0, 20) == 0 else ""
            headers["ce-" + (quote(str(name)[:50], errors="replace") or "x")] = quote(text) + odd
    data = json.dumps(attributes.get("data")).encode()
    return headers, body if chance.randint(0, 20) == 0 else data


@st.composite
def mutated(draw: st.DrawFn, right: Sequence[Any]) -> bytes:
    """The documents of `mutated_by`, drawn by Hypothesis."""
    return mutated_by(draw(st.randoms()), right, lambda: draw(json_values()))


def bodies(right: Sequence[Any]) -> st.SearchStrategy[bytes]:
    """Mostly documents that are nearly valid, and any other bytes."""
    anything = st.binary(max_size=200) | json_values().map(lambda value: json.dumps(value).encode())
    return st.one_of(mutated(right), mutated(right), mutated(right), anything)
