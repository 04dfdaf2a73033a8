"""The transcript: every line in order, lossless; the customer's copy never holds a private line."""

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, assert_never

from pydantic import Field

from shared.conversations.bot_activity import advises
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey, in_order, index_of_end
from shared.errors import InvalidRequest, Mistake
from shared.events.content import NATIVE_ID
from shared.events.data import Attachment, Author, BotHistoryLine, Visibility
from shared.events.envelope import parse_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_posted import MessagePosted
from shared.tenants.history import History
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
    late: bool = False
    extra: dict[str, object]
    missing: tuple[str, ...] = Field(default=(), exclude_if=operator.not_)


class PlacedLine(NamedTuple):
    """A line with its place in the order."""

    place: SortKey
    entry: TranscriptEntry


def audience_named(text: str) -> Audience:
    """The audience that `?audience=` names. Raises InvalidRequest."""
    if text not in ("customer", "agent"):
        raise InvalidRequest([Mistake("audience", "is neither customer nor agent")])
    return "customer" if text == "customer" else "agent"


def transcript(facts: Iterable[Fact], audience: Audience) -> list[TranscriptEntry]:
    """The lines that this audience may see, in the order of the facts; those of a bot's history at their own times."""
    ordered = in_order(facts)
    index = index_of_end(ordered)
    told = told_lines(ordered)
    end = None if index is None else ordered[index]
    return seen_by(audience, in_place(told, history_lines(ordered, marks(told))), end)


def told_lines(facts: Iterable[Fact]) -> list[PlacedLine]:
    """Each line of these facts that is not only in a bot's history."""
    return [PlacedLine(fact.order, entry) for fact in facts for entry in _entries(fact)]


def history_lines(ordered: Iterable[Fact], known: frozenset[object]) -> list[PlacedLine]:
    """Each line that is only in a bot's history. Of several histories the first that has it counts.

    `known`: the marks of all lines of the conversation that were told otherwise.
    """
    found: list[PlacedLine] = []
    for fact in ordered:
        if fact.event.history:
            lines = _placed(fact, fact.event.history)
            found += [line for line in lines if not known & _marks(line.entry)]
            # Only after all of it, because somebody may say the same twice in one second.
            known = known.union(*(_marks(line.entry) for line in lines))
    return found


def in_place(told: list[PlacedLine], histories: list[PlacedLine]) -> list[PlacedLine]:
    """All lines in order; sorting keeps that of lines with the same key, which are of one history."""
    return sorted(histories + told, key=lambda line: line.place)


def seen_by(
    audience: Audience, placed: Iterable[PlacedLine], end: Fact | None, history: History | None = None
) -> list[TranscriptEntry]:
    """What this audience may see of these lines, in their order. `end` is the fact that closed the conversation.

    With the tenant's history, lines of bots that were declared to advise the agent are for the agent alone, too.
    """
    declared = [_as_declared(line, history) for line in placed] if history else placed
    entries = [replace(entry, late=True) if end and place > end.order else entry for place, entry in declared]
    if audience == "agent":
        return entries
    public = (entry for entry in entries if entry.visibility == "public" and not entry.author.smart_assist)
    return [_for_the_customer(entry) for entry in public]


def marks(told: Iterable[PlacedLine]) -> frozenset[object]:
    """What lines that were said here are known by, so that a history does not tell them again."""
    return frozenset(mark for _, entry in told if entry.origin == "message" for mark in _marks(entry))


def _as_declared(line: PlacedLine, history: History) -> PlacedLine:
    author = line.entry.author
    if author.role != "bot" or not advises(author, history.at(line.place.at).configuration.bot(author.id)):
        return line
    entry = replace(line.entry, author=replace(author, smart_assist=True), visibility="private")
    return PlacedLine(line.place, entry)


def _for_the_customer(entry: TranscriptEntry) -> TranscriptEntry:
    """The line without members outside the contract, which a sender may have added for its own staff."""
    author = Author(role=entry.author.role, id=entry.author.id, name=entry.author.name)
    return replace(entry, author=author, extra={})


def _marks(line: TranscriptEntry) -> set[object]:
    """What a line is known by: its id, and its readers, author, text and second together."""
    marks: set[object] = {line.id} if line.id is not None else set()
    if line.text and line.time is not None:
        second = parse_time(line.time).replace(microsecond=0)
        marks.add((line.visibility, line.author.role, line.author.id, line.text, second))
    return marks


def _placed(fact: Fact, lines: Sequence[BotHistoryLine]) -> list[PlacedLine]:
    """Each line of a bot's history with its place: no later than the hand-over, and untimed ones by those before."""
    times = [parse_time(line.time) if line.time is not None else None for line in lines]
    time = next((one for one in times if one is not None), fact.event.moment)
    placed = []
    for line, own in zip(lines, times, strict=True):
        time = own or time
        place = fact.order._replace(at=min(time, fact.at), moment=min(time, fact.event.moment), finer="")
        placed.append(PlacedLine(place, _history_line(line)))
    return placed


def _entries(fact: Fact) -> Iterator[TranscriptEntry]:
    match fact.event:
        case MessagePosted() as event:
            data = event.data
            yield TranscriptEntry(
                id=str(event.attributes.get(NATIVE_ID, event.id)),
                time=event.time,
                author=data.author,
                text=data.text,
                attachments=_downloadable(data.attachments),
                visibility=data.visibility,
                origin="message",
                extra=data.model_extra or {},
                missing=tuple(data.claim_checks),
            )
        case BotEscalated() | ConversationEnded() as event:
            kept = event.data.summary is not None or event.data.attachments or event.data.claim_checks
            if event.data.bot_id is not None and kept:
                yield TranscriptEntry(
                    id=event.id,
                    time=event.time,
                    author=Author(role="bot", id=event.data.bot_id),
                    text=event.data.summary,
                    attachments=_downloadable(event.data.attachments),
                    visibility="private",
                    origin="summary",
                    extra={},
                    missing=tuple(event.data.claim_checks),
                )
        case ConversationStarted() | InactivityTimeout():
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


def _history_line(line: BotHistoryLine) -> TranscriptEntry:
    return TranscriptEntry(
        id=line.id,
        time=line.time,
        author=line.author,
        text=line.text,
        attachments=line.attachments,
        visibility=line.visibility,
        origin="botHistory",
        extra=line.model_extra or {},
    )
