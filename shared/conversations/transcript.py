"""The transcript: every line in order, lossless; the customer's copy never holds a private line."""

import operator
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, NamedTuple, assert_never

from pydantic import Field

from shared.conversations.bot_activity import advises
from shared.conversations.changed_lines import Changed, Changes, LineChange
from shared.conversations.extent import extent_of
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey
from shared.errors import InvalidRequest, Mistake
from shared.events.content import NATIVE_ID
from shared.events.data import Attachment, Author, BotHistoryLine, Visibility
from shared.events.envelope import parse_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.tenants.history import History
from shared.wire import ExactModel, replace

Audience = Literal["customer", "agent"]
Origin = Literal["message", "summary", "botHistory", "change"]


class TranscriptEntry(ExactModel):
    """One line. `id` is native; `time` is the sender's own text, None where a bot's history gives none.

    `origin`: `message`, the `summary` that a bot wrote for the agent, a line that is only in the history that a bot
    handed over (`botHistory`), or the `change` of a line that never arrived. `late`: said after the end. `text` and
    `attachments` are those that the line has by now, none if it is `removed`; `changes` tell what it said before.
    `extra` holds the channel's other members of the line.
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
    removed: bool = Field(default=False, exclude_if=operator.not_)
    changes: tuple[LineChange, ...] = Field(default=(), exclude_if=operator.not_)
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
    """The lines that this audience may see, in the order of the facts; those of a bot's history at their own times.

    What goes on in the thread's next conversation is shown there only.
    """
    extent = extent_of(facts)
    changes = changes_for(audience, extent.own)
    told = told_lines(extent.own, changes)
    events = {(fact.event.source, fact.event.id) for fact in extent.own}
    handed_over = history_ids(extent.own)
    lost = [
        one
        for one in changes.every
        if (one.event.source, one.event.data.message_id) not in events and one.event.data.message_id not in handed_over
    ]
    lines = in_place(told + lost_changes(lost), history_lines(extent.own, marks(told), changes))
    return seen_by(audience, lines, extent.end.order if extent.end else None)


def changes_for(audience: Audience, facts: Iterable[Fact]) -> Changes:
    """The changes that these facts tell of, as this audience may see them."""
    changes = Changes.among(facts)
    return changes if audience == "agent" else changes.seen_by_customer()


def told_lines(facts: Iterable[Fact], changes: Changes) -> list[PlacedLine]:
    """Each line of these facts, as it is by now, that is not only in a bot's history."""
    return [
        PlacedLine(fact.order, _changed(entry, changes.of(entry.id, fact.event.source)))
        for fact in facts
        for entry in _entries(fact)
    ]


def lost_changes(changes: Iterable[Changed]) -> list[PlacedLine]:
    """These changes, whose lines never arrived, as lines of their own, for agents alone: the line may be private."""
    return [PlacedLine(fact.order, _lost_change(event)) for fact, event in changes]


def history_ids(facts: Iterable[Fact]) -> set[str | None]:
    """The ids of the lines in the histories that these facts hand over."""
    return {line.id for _, history in _histories(facts) for line in history}


def history_lines(ordered: Iterable[Fact], known: frozenset[object], changes: Changes) -> list[PlacedLine]:
    """Each line, as it is by now, that is only in a bot's history. Of several histories the first that has it counts.

    `known`: the marks of all lines of the conversation that were told otherwise.
    """
    found: list[PlacedLine] = []
    for fact, history in _histories(ordered):
        lines = _placed(fact, history)
        found += [
            PlacedLine(place, _changed(entry, changes.of(entry.id, None)))
            for place, entry in lines
            if not known & _marks(entry)
        ]
        # Only after all of it, because somebody may say the same twice in one second.
        known = known.union(*(_marks(line.entry) for line in lines))
    return found


def _histories(facts: Iterable[Fact]) -> Iterator[tuple[Fact, Sequence[BotHistoryLine]]]:
    """Each history that is handed over, with its fact."""
    return ((fact, fact.event.history) for fact in facts if fact.event.history)


def in_place(told: list[PlacedLine], histories: list[PlacedLine]) -> list[PlacedLine]:
    """All lines in order; sorting keeps that of lines with the same key, which are of one history."""
    return sorted(histories + told, key=lambda line: line.place)


def seen_by(
    audience: Audience, placed: Iterable[PlacedLine], end: SortKey | None, history: History | None = None
) -> list[TranscriptEntry]:
    """What this audience may see of these lines, in their order. `end` is the place at which the conversation ended.

    With the tenant's history, lines of bots that were declared to advise the agent are for the agent alone, too.
    """
    declared = [_as_declared(line, history) for line in placed] if history else placed
    entries = [replace(entry, late=True) if end and place > end else entry for place, entry in declared]
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
    """The line without members outside the contract, which a sender may have added for its own staff.

    Nor does it have what the line said before it was changed.
    """
    changes = tuple(LineChange(time=one.time, by=_named(one.by) if one.by else None) for one in entry.changes)
    return replace(entry, author=_named(entry.author), extra={}, changes=changes)


def _named(author: Author) -> Author:
    return Author(role=author.role, id=author.id, name=author.name)


def _marks(line: TranscriptEntry) -> set[object]:
    """What a line is known by: its id, and its readers, author, second and any text that it had together."""
    marks: set[object] = {line.id} if line.id is not None else set()
    texts = [text for text in (line.text, *(one.was for one in line.changes)) if text]
    if texts and line.time is not None:
        second = parse_time(line.time).replace(microsecond=0)
        marks.update((line.visibility, line.author.role, line.author.id, text, second) for text in texts)
    return marks


def _changed(entry: TranscriptEntry, changes: Iterable[MessageChanged]) -> TranscriptEntry:
    """The line after these changes, the earliest first."""
    for event in changes:
        data = event.data
        made = (*entry.changes, LineChange(time=event.time, by=data.author, was=entry.text))
        if data.removed:
            entry = replace(entry, text=None, attachments=(), extra={}, missing=(), removed=True, changes=made)
            continue
        given = {name for name in ("text", "attachments") if getattr(data, name) is not None}
        missing = tuple(data.claim_checks)
        entry = replace(
            entry,
            text=data.text if "text" in given or "text" in missing else entry.text,
            attachments=entry.attachments if data.attachments is None else _downloadable(data.attachments),
            missing=(*(name for name in entry.missing if name not in {*given, *missing}), *missing),
            removed=False,
            changes=made,
        )
    return entry


def _lost_change(event: MessageChanged) -> TranscriptEntry:
    data = event.data
    return TranscriptEntry(
        id=data.message_id,
        time=event.time,
        author=data.author or Author(role="system", id="unknown"),
        text=data.text,
        attachments=_downloadable(event.attachments),
        visibility="private",
        origin="change",
        removed=data.removed,
        extra=data.model_extra or {},
        missing=tuple(data.claim_checks),
    )


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
        case BotEscalated() as event:
            reason = event.data.reason
            yield from _summary(event, event.data.bot_id, {"reason": reason} if reason else {})
        case ConversationEnded() as event if event.data.bot_id is not None:
            yield from _summary(event, event.data.bot_id, {})
        case MessageChanged() | ConversationStarted() | ConversationEnded() | BotFailedOver():
            return
        case InactivityTimeout() | SessionSettled():
            return
        case _:
            assert_never(fact.event)


def _summary(
    event: BotEscalated | ConversationEnded, bot_id: str, extra: dict[str, object]
) -> Iterator[TranscriptEntry]:
    """What a bot that hands over tells the agent, with its reason in `extra`; nothing if it tells nothing."""
    data = event.data
    if data.summary is not None or data.attachments or data.claim_checks or extra:
        yield TranscriptEntry(
            id=event.id,
            time=event.time,
            author=Author(role="bot", id=bot_id),
            text=data.summary,
            attachments=_downloadable(data.attachments),
            visibility="private",
            origin="summary",
            extra=extra,
            missing=tuple(data.claim_checks),
        )


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
