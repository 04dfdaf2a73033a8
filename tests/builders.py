"""Small functions that build events, histories and configurations for tests.

The same call builds the same event: without an `event_id` its id is a hash of its type, data and time.
"""

import copy
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from shared.conversations.fact import Fact
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.events.data import ChannelReference
from shared.events.envelope import parse_time
from shared.events.pseudonym import Pseudonyms
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.routing.context_variable import Assignment
from shared.strict_json import canonical_json
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration
from shared.tenants.history import History, Version
from shared.threads.thread import conversation_id, thread_key
from tests.seeds import AGENT_NAME, CUSTOMER_ID, CUSTOMER_NAME, SUMMARY, TENANT_SECRET, TEXT, THREAD_ID

EXAMPLES = Path(__file__).parent.parent / "examples"
CONTOSO = (
    (EXAMPLES / "contoso.yaml").read_bytes().rstrip()
    + b"""
  - {id: contoso-whatsapp, dialect: whatsApp, channels: [{id: whatsapp, workStream: ChatWorkStream,
      nativeId: "106540352242922", secret: "env:PATCHBAY_SECRET_CONTOSO_WHATSAPP",
      handshakeSecret: "env:PATCHBAY_SECRET_CONTOSO_WHATSAPP_HANDSHAKE"}]}
"""
)
"""The example's configuration, with an account for each dialect that has none there."""
FROM_THE_BEGINNING = datetime.min.replace(tzinfo=UTC)
CONFIGURED = datetime(2026, 10, 1, tzinfo=UTC)
"""When the tests' tenants were first configured, unless said otherwise: their books begin with October."""
TEN = "2026-10-05T10:00:00Z"
PSEUDONYMS = Pseudonyms(TENANT_SECRET.encode())
"""Those of every tenant that tests make."""


def document(
    event_type: str,
    data: dict[str, Any],
    conversation: str | None = "c1",
    at: str = TEN,
    tenant: str = "contoso",
    source: str = "/tests",
    event_id: str | None = None,
) -> dict[str, Any]:
    """An event as the JSON document of its sender; without a `conversation` it has no subject."""
    content = [event_type, data, at]
    written: dict[str, Any] = {
        "specversion": "1.0",
        "id": event_id or hashlib.sha256(canonical_json(content).encode()).hexdigest()[:16],
        "source": source,
        "type": event_type,
        "time": at,
        "tenantid": tenant,
        "data": data,
    }
    return written if conversation is None else {**written, "subject": conversation}


def message_document(**members: Any) -> dict[str, Any]:
    """A customer's line as a JSON document, with some members of the envelope replaced."""
    data = {"author": {"role": "customer", "id": CUSTOMER_ID, "name": CUSTOMER_NAME}, "text": TEXT}
    return {**document("message.posted", data, event_id="m1"), **members}


def threaded(
    thread_id: str = THREAD_ID, number: int = 1, account_id: str = "contoso-chat", channel_id: str = "webchat"
) -> str:
    """The id of a conversation in a channel's thread."""
    channel = ChannelReference(account_id=account_id, channel_id=channel_id, thread_id=thread_id)
    return conversation_id(channel, thread_key(PSEUDONYMS, channel), number)


def started(
    conversation: str | None = "c1", at: str = TEN, event_id: str | None = None, **data: Any
) -> ConversationStarted:
    """A conversation of the web chat begins; `data` replaces members: `started(context_variables={"Age": 18})`."""
    usual: dict[str, Any] = {
        "channel": {"accountId": "contoso-chat", "channelId": "webchat"},
        "customer": {"id": CUSTOMER_ID, "name": CUSTOMER_NAME},
    }
    event = _event("conversation.started", usual, data, conversation, at, event_id)
    assert isinstance(event, ConversationStarted)
    return event


def message(
    conversation: str | None = "c1",
    at: str = TEN,
    event_id: str | None = None,
    role: str = "customer",
    author_id: str | None = None,
    **data: Any,
) -> MessagePosted:
    """A line, by default the customer's; a bot's is contoso-bot's unless `author_id` says otherwise."""
    usual_ids, names = {"bot": "contoso-bot", "agent": "ana"}, {"customer": CUSTOMER_NAME, "agent": AGENT_NAME}
    author = {"role": role, "id": author_id or usual_ids.get(role, f"{role}-1"), "name": names.get(role)}
    event = _event("message.posted", {"author": author, "text": TEXT}, data, conversation, at, event_id)
    assert isinstance(event, MessagePosted)
    return event


def changed(
    message_id: str = "m1", conversation: str | None = "c1", at: str = TEN, event_id: str | None = None, **data: Any
) -> MessageChanged:
    """A line has another text now, or `removed=True`."""
    usual = {"messageId": message_id, **({} if data else {"text": "changed"})}
    event = _event("message.changed", usual, data, conversation, at, event_id)
    assert isinstance(event, MessageChanged)
    return event


def escalated(conversation: str | None = "c1", at: str = TEN, event_id: str | None = None, **data: Any) -> BotEscalated:
    """The bot contoso-bot escalates: `escalated(context_variables={"BotHandoffTopic": "CreditCard"})`."""
    event = _event("bot.escalated", {"botId": "contoso-bot", "summary": SUMMARY}, data, conversation, at, event_id)
    assert isinstance(event, BotEscalated)
    return event


def ended(
    conversation: str | None = "c1", at: str = TEN, event_id: str | None = None, **data: Any
) -> ConversationEnded:
    """The customer ends the conversation, resolved."""
    usual = {"endedBy": "customer", "reason": "resolved"}
    event = _event("conversation.ended", usual, data, conversation, at, event_id)
    assert isinstance(event, ConversationEnded)
    return event


def _event(
    event_type: str,
    usual: dict[str, Any],
    data: dict[str, Any],
    conversation: str | None,
    at: str,
    event_id: str | None,
) -> Event:
    members = {**usual, **{to_camel(name): value for name, value in data.items()}}
    return event_from(document(event_type, members, conversation, at, event_id=event_id))


def fact_of(event: Event, now: datetime) -> Fact:
    """The fact made of an event that is stored now."""
    return Fact.of(event, now, PSEUDONYMS)


def given_value(name: str, value: Any, set_by: str = "bot contoso-bot", at: str = TEN) -> dict[str, Assignment]:
    """The assignment of a value to a variable, by the variable's name, as `evaluate` takes it."""
    return {name: Assignment(name=name, value=value, at=at, fact_id="f1", set_by=set_by)}


@cache
def contoso() -> Configuration:
    """The configuration in examples/contoso.yaml, with an account for each dialect that has none there."""
    return decode_configuration("contoso", CONTOSO)


def small_document(**members: Any) -> dict[str, Any]:
    """The smallest useful configuration as a document: one push work stream W with one rule, and its queue Q."""
    usual: dict[str, Any] = {
        "tenantId": "small",
        "defaultWorkStream": "W",
        "queues": [{"id": "Q"}],
        "workStreams": [
            {
                "id": "W",
                "mode": "push",
                "fallbackQueue": "Q",
                "contextVariables": [{"name": "Topic", "type": "text"}, {"name": "Age", "type": "number"}],
                "rules": [{"name": "R", "when": {"variable": "Topic", "operator": "hasData"}, "queue": "Q"}],
            }
        ],
    }
    return {**copy.deepcopy(usual), **members}


def small(**members: Any) -> Configuration:
    """The configuration of `small_document`: `small(time_zone="Europe/Berlin")`."""
    written = small_document(**{to_camel(name): value for name, value in members.items()})
    return decode_configuration(written["tenantId"], json.dumps(written).encode())


def history(configuration: Configuration, *later: tuple[str, Configuration]) -> History:
    """The first version, in force from the beginning, and later ones, each in force from a time."""
    first = Version(1, FROM_THE_BEGINNING, configuration)
    rest = [Version(number, parse_time(at), changed) for number, (at, changed) in enumerate(later, 2)]
    return History([first, *rest])


def json_values(max_leaves: int = 12) -> st.SearchStrategy[Any]:
    """Any value that JSON can express and UTF-8 can encode."""
    scalars = (
        st.none()
        | st.booleans()
        | st.integers()
        | st.floats(allow_nan=False, allow_infinity=False)
        | st.text(max_size=20)
    )
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
        max_leaves=max_leaves,
    )
