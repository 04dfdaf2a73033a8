"""What the payload doctor says, as a document."""

from typing import Any

from shared.diagnosis.findings import Finding
from shared.dialects.recognise import Dialect, Form
from shared.events.catalog import (
    BotEscalated,
    ConversationEnded,
    ConversationStarted,
    Event,
    InactivityTimeout,
    MessagePosted,
)
from shared.wire import WireModel

_SHOWN = 80
"""Characters of a text that a diagnosis shows."""


class Answer(WireModel):
    """What the ingress would answer: HTTP status, and the code of the error."""

    status: int
    code: str | None = None


class Leading(WireModel):
    """Where an event alone would lead; `rule` is null for the fallback queue."""

    work_stream: str | None
    rule: str | None
    queue: str | None


class Becoming(WireModel):
    """An event that the payload becomes, with what matters of its data. `only`: when it is published, if not always."""

    path: str
    type: str
    id: str
    time: str
    thread: str | None
    subject: str | None
    only: str | None
    data: dict[str, Any]
    leads_to: Leading | None


class IngressChannel(WireModel):
    """The channel whose ingress it was judged by; `assumed` where the caller named none."""

    account_id: str
    channel_id: str
    dialect: Dialect
    assumed: bool


class Diagnosis(WireModel):
    """All that the doctor says. `dialect` is the payload's own, null where none was recognised; so is `answer`
    where no ingress would be asked. `ignored` and `findings` hold codes of docs/errors.md."""

    dialect: Dialect | None
    form: Form | None
    channel: IngressChannel | None
    answer: Answer | None
    events: tuple[Becoming, ...]
    ignored: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """Whether an ingress would refuse it, or a part of it."""
        return any(one.severity == "error" for one in self.findings)


def shown(event: Event) -> dict[str, Any]:
    """What matters of an event's data; texts are cut, lines and files counted."""
    match event:
        case MessagePosted(data=data):
            author = {"role": data.author.role, "id": data.author.id}
            files = {"attachments": len(data.attachments)}
            return {"author": author, "visibility": data.visibility, "text": _cut(data.text), **files}
        case BotEscalated(data=data):
            counts = {"transcript": len(data.transcript), "attachments": len(data.attachments)}
            members = {"botId": data.bot_id, "summary": _cut(data.summary)}
            return {**members, "contextVariables": data.context_variables, **counts}
        case ConversationEnded(data=data):
            return {"endedBy": data.ended_by, "reason": data.reason, "note": _cut(data.note)}
        case ConversationStarted(data=data):
            return {"customer": data.customer.id, "contextVariables": data.context_variables}
        case InactivityTimeout(data=data):
            return {"dueAt": data.due_at}


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _SHOWN else f"{text[:_SHOWN]}…"
