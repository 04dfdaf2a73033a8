"""The payload doctor's diagnosis, as a document."""

from typing import Any, assert_never

from shared.diagnosis.findings import Finding
from shared.events.catalog import Event
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.wire import ExactModel

_MAX_TEXT = 80
"""Characters of a text that a diagnosis shows; the rest is cut."""


class Answer(ExactModel):
    """The answer that the ingress would give: HTTP status, and the error's code if it refuses."""

    status: int
    code: str | None = None


class Destination(ExactModel):
    """Where the event alone would be routed. `rule` is null for the fallback queue."""

    work_stream: str | None
    rule: str | None
    queue: str | None


class ResultingEvent(ExactModel):
    """An event that an ingress would publish, with shortened data. `only`: the condition under which it would."""

    path: str
    type: str
    id: str
    time: str
    thread: str | None
    subject: str | None
    only: str | None
    data: dict[str, Any]
    leads_to: Destination | None


class IngressChannel(ExactModel):
    """The channel whose ingress the body is read for. `assumed`: the caller did not name exactly one channel."""

    account_id: str
    channel_id: str
    dialect: str
    assumed: bool


class Diagnosis(ExactModel):
    """The whole diagnosis. `dialect` is the body's own, null if none was recognised. `answer` is null if there is no
    dialect to read it in. The codes of `ignored` and `findings` stand in docs/errors.md."""

    dialect: str | None
    form: str | None
    channel: IngressChannel | None
    answer: Answer | None
    events: tuple[ResultingEvent, ...]
    ignored: tuple[Finding, ...]
    findings: tuple[Finding, ...]

    @property
    def is_refused(self) -> bool:
        """True if an ingress would refuse the body, or a part of it."""
        return any(one.severity == "error" for one in self.findings)


def shortened_data(event: Event) -> dict[str, Any]:
    """The main members of an event's data. Texts are cut; transcript lines and attachments are only counted."""
    members: dict[str, Any] = {}
    match event:
        case MessagePosted(data=data):
            author = {"role": data.author.role, "id": data.author.id}
            files = {"attachments": len(data.attachments)}
            members = {"author": author, "visibility": data.visibility, "text": _cut(data.text), **files}
        case MessageChanged(data=data):
            members = {"messageId": data.message_id, "text": _cut(data.text), "removed": data.removed}
        case BotEscalated(data=data):
            counts = {"transcript": len(data.transcript), "attachments": len(data.attachments)}
            said = {"botId": data.bot_id, "summary": _cut(data.summary)}
            members = {**said, "contextVariables": data.context_variables, **counts}
        case ConversationEnded(data=data):
            members = {"endedBy": data.ended_by, "reason": data.reason, "note": _cut(data.note)}
        case ConversationStarted(data=data):
            members = {"customer": data.customer.id, "contextVariables": data.context_variables}
        case InactivityTimeout(data=data):
            members = {"dueAt": data.due_at}
        case BotFailedOver() | SessionSettled():
            pass  # only Patchbay says these, so no payload means one
        case _:
            assert_never(event)
    return members


def _cut(text: str | None) -> str | None:
    return text if text is None or len(text) <= _MAX_TEXT else f"{text[:_MAX_TEXT]}…"
