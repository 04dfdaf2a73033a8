"""The transcript: every line in order, lossless; the customer's copy never holds a private line."""

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, assert_never

from pydantic import Field

from shared.conversations.fact import Fact
from shared.conversations.order import in_order
from shared.errors import InvalidRequest, Mistake
from shared.events.data import Attachment, Author, Visibility
from shared.events.types.bot_escalated import BotEscalated, BotHistoryLine
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_posted import MessagePosted
from shared.wire import ExactModel, replace

Audience = Literal["customer", "agent"]
Origin = Literal["message", "summary", "botHistory"]


class TranscriptEntry(ExactModel):
    """One line. `id` is native; `time` is the sender's own text, None where a bot's history gives none.

    `origin`: `message`, the `summary` that a bot wrote for the agent, or a line that is only in the history that a bot
    handed over (`botHistory`). `late`: said after the end. `extra` holds the channel's other members of the line.
    `missing` names members that were too large for their event and are not in the overflow any more. The `url` of an
    attachment in the overflow is relative to the transcript's own address.
    """

    id: str | None
    time: str | None
    author: Author
    text: str | None
    attachments: tuple[Attachment, ...]
    visibility: Visibility
    origin: Origin
    late: bool
    extra: dict[str, object]
    missing: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)


def audience_named(text: str) -> Audience:
    """The audience that `?audience=` names. Raises InvalidRequest."""
    if text not in ("customer", "agent"):
        raise InvalidRequest([Mistake("audience", "is neither customer nor agent")])
    return "customer" if text == "customer" else "agent"


def transcript(facts: Iterable[Fact], audience: Audience) -> list[TranscriptEntry]:
    """The lines that this audience may see, in the order of the facts."""
    ordered = in_order(facts)
    posted_ids = {fact.event.id for fact in ordered if isinstance(fact.event, MessagePosted)}
    entries = [entry for fact, late in _with_lateness(ordered) for entry in _entries(fact, posted_ids, late=late)]
    if audience == "agent":
        return entries
    public = (entry for entry in entries if entry.visibility == "public" and not entry.author.smart_assist)
    return [_for_the_customer(entry) for entry in public]


def _for_the_customer(entry: TranscriptEntry) -> TranscriptEntry:
    """The line without members outside the contract, which a sender may have added for its own staff."""
    author = Author(role=entry.author.role, id=entry.author.id, name=entry.author.name)
    return replace(entry, author=author, extra={})


def _with_lateness(ordered: Sequence[Fact]) -> Iterator[tuple[Fact, bool]]:
    ended = False
    for fact in ordered:
        yield fact, ended
        ended = ended or fact.event.ends_conversation


def _entries(fact: Fact, posted_ids: set[str], *, late: bool) -> Iterator[TranscriptEntry]:
    match fact.event:
        case MessagePosted() as event:
            data = event.data
            yield TranscriptEntry(
                id=event.id,
                time=event.time,
                author=data.author,
                text=data.text,
                attachments=_downloadable(data.attachments),
                visibility=data.visibility,
                origin="message",
                late=late,
                extra=data.model_extra or {},
                missing=tuple(data.claim_checks),
            )
        case BotEscalated() as event:
            yield from (_history_line(line, late=late) for line in event.data.transcript if line.id not in posted_ids)
            if event.data.summary is not None or event.data.attachments or event.data.claim_checks:
                yield TranscriptEntry(
                    id=event.id,
                    time=event.time,
                    author=event.author,
                    text=event.data.summary,
                    attachments=_downloadable(event.data.attachments),
                    visibility="private",
                    origin="summary",
                    late=late,
                    extra={},
                    missing=tuple(event.data.claim_checks),
                )
        case ConversationStarted() | ConversationEnded() | InactivityTimeout():
            return
        case _:
            assert_never(fact.event)


def _downloadable(attachments: Sequence[Attachment]) -> tuple[Attachment, ...]:
    """The attachments; those whose content is in the overflow get the URL of its download."""
    return tuple(one if one.url or not one.claim_checks else _at_its_url(one) for one in attachments)


def _at_its_url(attachment: Attachment) -> Attachment:
    checks = attachment.claim_checks
    check = checks.get("url") or checks.get("content") or next(iter(checks.values()))
    return replace(attachment, url=f"attachments/{check.sha256}")


def _history_line(line: BotHistoryLine, *, late: bool) -> TranscriptEntry:
    return TranscriptEntry(
        id=line.id,
        time=line.time,
        author=line.author,
        text=line.text,
        attachments=line.attachments,
        visibility=line.visibility,
        origin="botHistory",
        late=late,
        extra=line.model_extra or {},
    )
