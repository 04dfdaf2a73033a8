"""The changes of lines: what a line said before, what it says now, and which changes are of no known line. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from shared.conversations.fact import Fact
from shared.events.data import Author
from shared.events.types.message_changed import MessageChanged
from shared.wire import ExactModel


class LineChange(ExactModel):
    """One change of a line: when it was made, by whom (None: the channel does not say), and the text before it.

    A customer's copy has no `was`: somebody took that text back.
    """

    time: str
    by: Author | None = None
    was: str | None = None


class Changed(NamedTuple):
    """A change with the fact that tells of it."""

    fact: Fact
    event: MessageChanged


@dataclass(frozen=True)
class Changes:
    """The changes of a conversation in their order, by the ids of their lines.

    Ids are a sender's own. So a line that came as an event is changed only under the source of that event; the lines of
    a bot's history name no source, and any change of their id is theirs.
    """

    by_line: Mapping[str, Sequence[Changed]] = field(default_factory=dict)

    @classmethod
    def among(cls, facts: Iterable[Fact]) -> "Changes":
        """The changes that these facts tell of."""
        found = [Changed(fact, fact.event) for fact in facts if isinstance(fact.event, MessageChanged)]
        by_line: defaultdict[str, list[Changed]] = defaultdict(list)
        for one in sorted(found, key=lambda one: one.fact.order):
            by_line[one.event.data.message_id].append(one)
        return cls(by_line)

    def seen_by_customer(self) -> "Changes":
        """Those that the customer may see."""
        return Changes.among(fact for fact, event in self.every if event.data.visibility == "public")

    def of(self, line_id: str | None, source: str | None) -> list[MessageChanged]:
        """The changes of a line, the earliest first. `source` is None for a line of a bot's history."""
        every = self.by_line.get(line_id, ()) if line_id is not None else ()
        return [event for _, event in every if source in (None, event.source)]

    def removed(self, fact: Fact) -> bool:
        """True if the fact's line is removed by now."""
        changes = self.of(fact.event.id, fact.event.source)
        return bool(changes) and changes[-1].data.removed

    @property
    def every(self) -> list[Changed]:
        """All changes, line by line."""
        return [one for changes in self.by_line.values() for one in changes]
