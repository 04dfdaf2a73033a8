"""Bodies for each ingress whose native ids are marked, and a scan for the marks.

Threads, customers, members, messages and telephone numbers are marked, as channels name them. Subjects are not: their
senders choose them, and Patchbay takes them as they are. Bots are not, for a bot is no person, and the bill names it.
"""

import base64
from collections.abc import Iterable, Sequence
from typing import Any

from shared.embedded.database import Database
from tests.builders import document
from tests.functions.hosts import activity, bot_activity

MARK = "491555123"
"""The beginning of each marked id, as of a telephone number."""
AT = "2026-10-20T11:00:00Z"


def marked(number: int) -> str:
    return f"{MARK}{number:04}"


THREAD, CUSTOMER = marked(1), marked(2)
"""The web chat's thread and its customer."""
_USER = {"id": CUSTOMER, "name": f"+{CUSTOMER}", "role": "user"}
_HISTORY = [
    {"id": f"wamid.{marked(4)}.{n}", "author": {"role": "customer", "id": CUSTOMER}, "text": "x" * 999}
    for n in range(300)
]
_IMAGE = {
    "contentType": "image/png",
    "contentUrl": "data:image/png;base64," + base64.b64encode(b"x" * 200_000).decode(),
}
_TAGS = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'


def _said(number: int, **members: Any) -> dict[str, Any]:
    usual = {"id": f"{THREAD}|{number}", "conversation": {"id": THREAD}, "from": _USER}
    return activity(**{**usual, "serviceUrl": f"https://example.com/{THREAD}", **members})


def _answered(number: int, **members: Any) -> dict[str, Any]:
    return bot_activity(
        **{"id": f"{THREAD}|{number}", "conversation": {"id": THREAD}, "recipient": _USER, **members},
    )


ACTIVITIES: Sequence[dict[str, Any]] = [
    _said(0, type="conversationUpdate", membersAdded=[_USER], text=None),
    _said(1, channelData={"contacts": [{"wa_id": CUSTOMER}]}),
    # The same id with another text: it is parked.
    _said(1, text="something else"),
    _said(2, id=None, timestamp=None),
    _said(3, **{"from": None}),
    _said(4, **{"from": {"id": "28:a-bot-that-nobody-declares", "role": "bot"}}),
    _answered(5, attachments=[_IMAGE]),
    _answered(6, channelData={"tags": _TAGS}),
    _said(7, type="endOfConversation", timestamp="2026-10-20T11:05:00Z", text=None),
    # After the end: the thread's next conversation.
    _said(8, timestamp="2026-10-20T11:06:00Z"),
]


def _update(number: int, chat_id: int, **said: Any) -> dict[str, Any]:
    sender = {"id": int(marked(30)), "first_name": "Z", "username": f"u{marked(30)}"}
    message = {"message_id": int(marked(20 + number)), "date": 1792494000, "chat": {"id": chat_id}, "from": sender}
    return {"update_id": int(marked(10 + number)), "message": {**message, **said}}


UPDATES: Sequence[dict[str, Any]] = [
    _update(0, int(marked(31)), text="x"),
    _update(1, -int(marked(32)), text="x", contact={"phone_number": marked(33)}),
    _update(2, int(marked(31)), photo=[{"file_id": marked(34)}]),
]


def _event(thread: int, event_type: str, account: str = "contoso-app", **data: Any) -> dict[str, Any]:
    channel = {"accountId": account, "channelId": "app", "threadId": marked(thread)}
    event_id = f"{marked(thread)}-{event_type}"
    return document(event_type, {"channel": channel, **data}, None, AT, source=f"/{marked(thread)}", event_id=event_id)


def _webhook(field: str, **value: Any) -> dict[str, Any]:
    metadata = {"display_phone_number": "15550000000", "phone_number_id": "106540352242922"}
    contacts = [{"profile": {"name": f"+{marked(50)}"}, "wa_id": marked(50)}]
    change = {"field": field, "value": {"metadata": metadata, "contacts": contacts, **value}}
    return {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [change]}]}


def _sent(number: int, **said: Any) -> dict[str, Any]:
    usual = {"from": marked(50), "id": f"wamid.{marked(51 + number)}", "timestamp": "1792494000", "type": "text"}
    return {**usual, "text": {"body": "x"}, **said}


WEBHOOKS: Sequence[dict[str, Any]] = [
    _webhook("messages", messages=[_sent(0), _sent(1, type="image", image={"id": marked(60)})]),
    _webhook("messages", messages=[_sent(2, type="contacts", contacts=[{"phones": [{"phone": marked(61)}]}])]),
    # The same id with another text: it is parked. One without a time: it is rejected.
    _webhook("messages", messages=[_sent(0, text={"body": "something else"}), _sent(3, timestamp=None)]),
    _webhook("messages", messages=[_sent(4, type="system", system={"new_wa_id": marked(62)})]),
    _webhook("messages", statuses=[{"id": f"wamid.{marked(63)}", "status": "read", "recipient_id": marked(50)}]),
    _webhook("smb_message_echoes", message_echoes=[{**_sent(5), "from": "15550000000", "to": marked(50)}]),
]


EVENTS: Sequence[dict[str, Any]] = [
    _event(40, "conversation.started", customer={"id": marked(41)}),
    _event(40, "message.posted", author={"role": "customer", "id": marked(41)}, text="x"),
    # Its history is kept apart, at a place of its own until its conversation is known.
    _event(40, "bot.escalated", botId="contoso-bot", transcript=_HISTORY),
    _event(42, "conversation.ended", endedBy="agent", reason="resolved"),
    {**_event(44, "conversation.started", customer={"id": marked(41)}), "subject": "named-by-its-sender"},
]
ON_THE_BUS = _event(43, "bot.escalated", account="contoso-old", botId="contoso-bot")
"""An event on a channel that nobody knows: it is parked."""


CONTENTS = frozenset(["document", "event", "body", "content", "secret"])
"""The columns of tables, and the members of documents, that hold what was said, or a secret."""


def kept_in_tables(database: Database) -> Sequence[str]:
    """All that a database holds, but for contents: ids, keys, what lists are filtered by, and all that is counted."""
    tables = [row["name"] for row in database.query("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        str(row[name])
        for table in tables
        for row in database.query(f"SELECT * FROM {table}")  # a table's name
        for name in row.keys()  # noqa: SIM118  # a row's items are its values
        if name not in CONTENTS or table.startswith(("contributions", "ledger", "reports"))
    ]


def natively_named(texts: Iterable[str]) -> list[str]:
    """The texts that hold a mark, plain or as the key of an id that is not URL-safe."""
    return sorted({text for text in texts if MARK in text or MARK in _decoded(text)})


def _decoded(key: str) -> str:
    encoded = key.removeprefix("~") if key.startswith("~") else ""
    return base64.urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)).decode("utf-8", "replace")
