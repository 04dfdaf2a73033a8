"""Facts and heads as JSON documents, which every adapter of the store writes and reads."""

import json
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from shared.conversations.fact import Fact
from shared.conversations.ports import Head
from shared.events.codec import stored_event
from shared.routing.decision import Decision

_HEAD: TypeAdapter[Head] = TypeAdapter(Head)
_DECISION: TypeAdapter[Decision] = TypeAdapter(Decision)


def write_head(head: Head) -> str:
    """The head without its decisions, which are stored as documents of their own."""
    return head.to_json()


def read_head(text: str, decisions: tuple[Decision, ...] = ()) -> Head:
    head = _HEAD.validate_json(text)
    return head.with_decisions(decisions) if decisions else head


def write_decision(decision: Decision) -> str:
    return decision.to_json()


def read_decision(text: str) -> Decision:
    return _DECISION.validate_json(text)


def write_fact(fact: Fact) -> dict[str, Any]:
    """The fact's members for a document, but for its id: the event's JSON text, and the two times as RFC 3339."""
    return {
        "event": fact.text,
        "at": fact.at.isoformat(),
        "receivedAt": fact.received_at.isoformat(),
    }


def write_archived_fact(fact: Fact) -> dict[str, Any]:
    """The fact's members with its id, and with the event as a JSON object, for people to read."""
    document = write_fact(fact)
    return {"id": fact.id, **document, "event": json.loads(document["event"])}


def read_archived_fact(document: dict[str, Any]) -> Fact:
    return read_fact(document["id"], json.dumps(document["event"]), document["at"], document["receivedAt"])


def read_fact(fact_id: str, event: str, at: str, received_at: str) -> Fact:
    return Fact(fact_id, stored_event(event), datetime.fromisoformat(at), datetime.fromisoformat(received_at))
