"""A page of a transcript: it reads and folds only the facts of its lines, however long the conversation is."""

import asyncio
from bisect import bisect_left, bisect_right
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from shared.conversations.changed_lines import Changed, Changes
from shared.conversations.contents import Contents
from shared.conversations.conversation import Conversation
from shared.conversations.extent import goes_on
from shared.conversations.fact import Fact, fact_id
from shared.conversations.lists import microseconds, place_named
from shared.conversations.ports import ConversationStore, FactTime
from shared.conversations.transcript import (
    Audience,
    PlacedLine,
    TranscriptEntry,
    changes_for,
    history_ids,
    history_lines,
    in_place,
    lost_changes,
    marks,
    seen_by,
    told_lines,
)
from shared.events.catalog import EVENT_CLASSES
from shared.events.pseudonym import Pseudonyms
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.tenants.history import History

MOST_LINES = 500
_READ_TOGETHER = 200
"""Facts that are read before the loop is given back: some milliseconds."""
_HANDING_OVER = frozenset(each.type_name() for each in EVENT_CLASSES if "transcript" in each.contents)
"""Types of facts that may hold a bot's history."""
_LOOKED_AT = _HANDING_OVER | {MessageChanged.type_name()}
"""Types of facts of which each may tell of a line of any page."""


@dataclass(frozen=True)
class TranscriptPage:
    """Some lines in order, and where the next page begins.

    What an audience may not see is left out of its page, which may be empty although there are more.
    """

    entries: Sequence[TranscriptEntry]
    continuation: str | None


class _Place(NamedTuple):
    """Where a page ends: after so many of the lines of this time, and after all earlier ones."""

    at: datetime
    lines: int

    def text(self) -> str:
        return f"{microseconds(self.at)}~{self.lines}"


@dataclass(frozen=True)
class _Range:
    """The facts of a page: those of the times from `first` to `last`, both included; None: from or to the end."""

    facts: Sequence[FactTime]
    first: datetime | None
    last: datetime | None

    def has(self, line: PlacedLine) -> bool:
        at = line.place.at
        return (self.first is None or at >= self.first) and (self.last is None or at <= self.last)


@dataclass(frozen=True)
class TranscriptReader:
    """Reads a conversation's transcript page by page. All pages together are the transcript of all its facts."""

    store: ConversationStore
    contents: Contents
    pseudonyms: Callable[[str], Awaitable[Pseudonyms]]

    async def page(
        self,
        tenant_id: str,
        conversation: Conversation,
        audience: Audience,
        continuation: str | None,
        limit: int,
        history: History | None = None,
    ) -> TranscriptPage:
        """At most `limit` lines from a continuation on. Raises OverflowUnavailable, InvalidRequest.

        A line that is recorded meanwhile at an earlier place is in no later page.
        """
        key, unseen = conversation.key, conversation.unseen
        after = place_named(continuation, _Place, int) if continuation is not None else None
        times = await self.store.fact_times(tenant_id, key)
        chosen = _range(times, after, limit)
        looked_at = [one for one in times if one.type in _LOOKED_AT]
        found = await self._read(tenant_id, key, {*_ids(chosen.facts), *_ids(looked_at)})
        facts = {name: fact for name, fact in found.items() if not goes_on(fact, unseen)}
        others = _those(facts, looked_at)
        changes = changes_for(audience, others)
        told = told_lines(_those(facts, chosen.facts), changes)
        lost = await self._lost(tenant_id, times, others, changes)
        told += [line for line in lost_changes(lost) if chosen.has(line)]
        histories = await self._histories(tenant_id, conversation, times, others, told, changes, chosen)
        begin = after.lines if after else 0
        lines = in_place(told, histories)
        shown = lines[: begin + limit]
        entries = seen_by(audience, shown[begin:], conversation.ends_at, history)
        if len(lines) > len(shown):
            return TranscriptPage(entries, _place_after(shown, shown[-1].place.at))
        return TranscriptPage(entries, _place_after(shown, chosen.last) if chosen.last else None)

    async def _read(self, tenant_id: str, key: str, fact_ids: Iterable[str]) -> dict[str, Fact]:
        """These facts by their ids, as they were sent."""
        ids, found = list(fact_ids), dict[str, Fact]()
        for first in range(0, len(ids), _READ_TOGETHER):
            facts = await self.store.read_facts(tenant_id, key, ids[first : first + _READ_TOGETHER])
            found |= {fact.id: fact for fact in await self.contents.restored(tenant_id, key, facts)}
            # A store in this process answers at once, and others want to be served meanwhile.
            await asyncio.sleep(0)
        return found

    async def _lost(
        self, tenant_id: str, times: Iterable[FactTime], others: Sequence[Fact], changes: Changes
    ) -> list[Changed]:
        """The changes whose lines never arrived in this conversation."""
        if not changes.by_line:
            return []
        pseudonyms, handed_over = await self.pseudonyms(tenant_id), history_ids(others)
        known = set(_ids(times))

        def is_known(event: MessageChanged) -> bool:
            message_id = event.data.message_id
            return message_id in handed_over or fact_id(pseudonyms, event.subject, event.source, message_id) in known

        return [one for one in changes.every if not is_known(one.event)]

    async def _histories(
        self,
        tenant_id: str,
        conversation: Conversation,
        times: Iterable[FactTime],
        handing_over: Sequence[Fact],
        told: list[PlacedLine],
        changes: Changes,
        chosen: _Range,
    ) -> list[PlacedLine]:
        """The lines of the page that only bots' histories have. `told` are its other lines."""
        if not any(chosen.has(line) for line in history_lines(handing_over, frozenset(), changes)):
            return []
        # A history may tell again whatever was said in the conversation.
        known, others = marks(told), [one for one in times if one.type == MessagePosted.type_name()]
        for first in range(0, len(others), _READ_TOGETHER):
            facts = await self._read(tenant_id, conversation.key, _ids(others[first : first + _READ_TOGETHER]))
            own = [fact for fact in facts.values() if not goes_on(fact, conversation.unseen)]
            known |= marks(told_lines(own, changes))
        return [line for line in history_lines(handing_over, known, changes) if chosen.has(line)]


def _place_after(shown: Iterable[PlacedLine], at: datetime) -> str:
    """The place after these lines, of which the last are of this time."""
    return _Place(at, sum(line.place.at == at for line in shown)).text()


def _range(times: Sequence[FactTime], after: _Place | None, limit: int) -> _Range:
    """The facts of the time at which the page before ended, and as many of later ones as the page may need.

    All facts of one time are read together, because only the facts tell their order.
    """
    first = 0 if after is None else bisect_left(times, after.at, key=_at)
    begin = first if after is None else bisect_right(times, after.at, key=_at)
    last = times[begin : begin + limit + 1][-1:]
    end = bisect_right(times, last[0].at, key=_at) if last else begin
    more = end < len(times)
    return _Range(times[first:end], after.at if after else None, times[end - 1].at if more else None)


def _at(one: FactTime) -> datetime:
    return one.at


def _ids(times: Iterable[FactTime]) -> list[str]:
    return [one.fact_id for one in times]


def _those(facts: Mapping[str, Fact], times: Iterable[FactTime]) -> list[Fact]:
    """The facts of these times in order. One that was deleted meanwhile is left out."""
    return sorted((facts[one.fact_id] for one in times if one.fact_id in facts), key=lambda fact: fact.order)
