"""No body has more of anything than is looked at in a moment; what is too much is refused by name."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.dialects.bot_framework.tags import read_tags
from shared.dialects.dialect import Ingress
from shared.dialects.payload import read_payload
from shared.dialects.received import Received
from shared.dialects.registry import dialect_named
from shared.errors import Refused
from shared.events.data import ChannelReference
from shared.events.notes import MOST_NOTES, NOTES
from shared.strict_json import MOST_BRACKETS, MOST_VALUES
from tests.builders import contoso
from tests.conversations.pipelines import NOW
from tests.prove.large_bodies import CHANNELS, activity, escalation, event, update

DELETED = {"business_connection_id": "b", "chat": {"id": 5, "type": "private"}}


def read(dialect: str, document: Any) -> Any:
    account, channel = CHANNELS.get(dialect, (None, None))
    reference = ChannelReference(account_id=account, channel_id=channel) if account and channel else None
    received = Received(json.dumps(document).encode(), {"content-type": "application/json"})
    payload = read_payload(dialect_named(dialect), received, Ingress(contoso(), reference), NOW)
    [part] = payload.parts
    return part.outcome


TOO_MANY: dict[str, tuple[str, Callable[[int], Any], int, str]] = {
    "values": ("botFramework", lambda most: activity(value=[1] * most), MOST_VALUES, ""),
    "objects and arrays": ("botFramework", lambda most: activity(value=[[]] * (most + 1)), MOST_BRACKETS, ""),
    "events in a batch": ("cloudEvents", lambda most: [event()] * (most + 1), 5_000, ""),
    "members": ("cloudEvents", lambda most: {**event(), **{f"k{n}": 1 for n in range(most)}}, 1_000, ""),
    "members of data": ("cloudEvents", lambda most: event(**{f"k{n}": 1 for n in range(most)}), 1_000, "data"),
    "variables": (
        "cloudEvents",
        lambda most: escalation(contextVariables={f"k{n}": 1 for n in range(most + 1)}),
        1_000,
        "data.contextVariables",
    ),
    "files": ("cloudEvents", lambda most: event(attachments=[{}] * (most + 1)), 500, "data.attachments"),
    "lines of a history": (
        "cloudEvents",
        lambda most: escalation(transcript=[{}] * (most + 1)),
        5_000,
        "data.transcript",
    ),
    "activities": ("botFramework", lambda most: [activity()] * (most + 1), 1_000, ""),
    "deletions": (
        "telegram",
        lambda most: {"update_id": 1, "deleted_business_messages": {**DELETED, "message_ids": [*range(most + 1)]}},
        1_000,
        "deleted_business_messages.message_ids",
    ),
}


@pytest.mark.parametrize("what", TOO_MANY)
def test_too_many_are_refused_by_name_and_number(what: str) -> None:
    dialect, document, most, path = TOO_MANY[what]
    with pytest.raises(Refused) as refusal:
        read(dialect, document(most))
    [mistake] = refusal.value.mistakes
    assert mistake.path == path
    assert f"{most:,}" in mistake.reason or f"{most}" in mistake.reason


def test_what_a_body_may_have_is_read() -> None:
    assert read("cloudEvents", event(attachments=[])).event.id == "e0"
    assert read("botFramework", activity(value=[1] * (MOST_VALUES - 100))).drafts
    assert read("telegram", update(text="hi")).drafts


def test_of_many_unknown_members_some_are_named() -> None:
    checked_in = read("cloudEvents", event(**{f"k{n}": 1 for n in range(900)}))
    assert len(json.loads(checked_in.event.attributes[NOTES])) <= MOST_NOTES


def test_more_labels_than_are_looked_at_are_taken_for_a_command_that_is_none() -> None:
    assert read_tags(["label"] * 1_000).labels == {"label"}
    # and what may be a command is not for the customer
    assert read_tags(["label"] * 1_001).is_command
