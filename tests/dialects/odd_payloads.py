"""Posting payloads to contoso's ingress, and describing each event in a line."""

import json
from dataclasses import dataclass
from datetime import datetime

from shared.clock import MovableClock
from shared.diagnosis.diagnosis import Diagnosis
from shared.errors import Refused
from shared.events.catalog import Event
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.ingress.receive import Receipt
from tests.conversations.pipelines import InMemory, Pipelines

CHANNELS = {
    "botFramework": ("contoso-chat", "webchat"),
    "telegram": ("contoso-telegram", "telegram"),
    "whatsApp": ("contoso-whatsapp", "whatsapp"),
}


@dataclass(frozen=True)
class Posted:
    """What an ingress made of a body: the events, and the receipt or the refusal."""

    events: list[Event]
    outcome: Receipt | Refused

    @property
    def said(self) -> list[str]:
        """A line for each event, then the codes of what was ignored, rejected or refused."""
        lines = [described(event) for event in self.events]
        if isinstance(self.outcome, Refused):
            return [*lines, f"refused: {self.outcome.code} {_paths(self.outcome)}".rstrip()]
        ignored = [f"ignored: {note.code} {note.path}".rstrip() for note in self.outcome.ignored]
        rejected = [f"rejected: {one.index} {one.reason.code} {_paths(one.reason)}" for one in self.outcome.rejected]
        return [*lines, *ignored, *(line.rstrip() for line in rejected)]


async def posted(dialect: str | None, body: bytes, now: datetime, in_memory: Pipelines = InMemory) -> Posted:
    """Post the body at the ingress for its dialect: a webhook, or `events`."""
    return await posted_at(CHANNELS.get(dialect or ""), body, now, in_memory)


async def posted_at(
    ingress: tuple[str, str] | None, body: bytes, now: datetime, in_memory: Pipelines = InMemory
) -> Posted:
    """Post the body at a webhook, or (None) at `events`, to a pipeline that knows contoso and nothing else."""
    pipeline = await in_memory(clock=MovableClock(now)).configured()
    try:
        if ingress:
            receipt = await pipeline.receiver.receive_activity("contoso", *ingress, body)
        else:
            receipt = await pipeline.receiver.receive_events("contoso", body)
    except Refused as reason:
        return Posted(pipeline.publisher.events, reason)
    return Posted(pipeline.publisher.events, receipt)


def described(event: Event) -> str:
    """The event's most important members in a line."""
    match event:
        case ConversationStarted(data=data):
            return f"begins with {data.customer.id} at {event.time}"
        case MessagePosted(data=data):
            files = "".join(f" +{one.name}" for one in data.attachments)
            advises = " (smart assist)" if data.author.smart_assist else ""
            return f"{data.author.role} {data.author.id}{advises}, {data.visibility}: {data.text}{files}"
        case MessageChanged(data=data):
            files = "".join(f" +{one.name}" for one in event.attachments)
            return f"{data.message_id} is {'removed' if data.removed else f'changed: {data.text}'}{files}"
        case BotEscalated(data=data):
            variables = {n: v for n, v in data.context_variables.items() if not n.startswith("va_")}
            lines = _history(event)
            files = "".join(f" +{one.name}" for one in data.attachments)
            return f"{data.bot_id} escalates {json.dumps(variables)}: {data.summary}{files}{lines}"
        case ConversationEnded(data=data):
            return f"ended by {data.ended_by}, {data.reason}: {data.note or data.summary}{_history(event)}"
    return event.type


def _history(event: Event) -> str:
    return "".join(f" | {line.author.role}, {line.visibility}: {line.text}" for line in event.history)


def as_posted(diagnosis: Diagnosis) -> tuple[list[str], list[str], list[str]]:
    """(ids of events that are always published, paths and codes of what is ignored, codes of what is refused)."""
    events = [event.id for event in diagnosis.events if event.only is None]
    ignored = [f"{one.code} {one.path}" for one in diagnosis.ignored]
    return events, ignored, [one.code for one in diagnosis.findings if one.severity == "error"]


def _paths(reason: Refused) -> str:
    """The members at fault; none for what is wrong with the payload as a whole."""
    return ", ".join(mistake.path for mistake in reason.mistakes if mistake.path)
