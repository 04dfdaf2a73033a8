"""A fact: an event that was recorded, with the time at which it counts."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from shared.events.catalog import Event
from shared.events.envelope import counted_moment
from shared.events.trace_context import without_carried
from shared.wire import canonical_json

SOURCE = "/patchbay"
"""The source of the facts that Patchbay itself records."""


@dataclass(frozen=True)
class Fact:
    """A recorded event. `at` is the time at which it counts, in UTC; the event keeps the sender's own time."""

    event: Event
    at: datetime
    received_at: datetime

    @classmethod
    def of(cls, event: Event, now: datetime) -> "Fact":
        """The fact made of an event that arrives now."""
        return cls(event, counted_moment(event.moment, now), now)

    @property
    def judged_at(self) -> datetime:
        """The moment whose configuration judges the fact. A version that is put later cannot change the judgement."""
        return min(self.at, self.received_at)

    @property
    def id(self) -> str:
        """The event's identity (SHA-256, hex). A second fact with the same id is a duplicate."""
        return self.event.identity

    @cached_property
    def order(self) -> tuple[datetime, str, bool, int, str]:
        """The sort key of facts: time, then ends after all others, then the channel's sequence, then id."""
        finer = self.event.finer_digits if self.at == self.event.moment else ""
        sequence = self.event.sequence
        return self.at, finer, self.event.ends_conversation, -1 if sequence is None else sequence, self.id

    def same_content(self, other: "Fact") -> bool:
        """True if another event of the same identity has the same content.

        Neither a time that the ingress assumed (extension attribute `timeassumed`) nor the trace counts, because every
        retry has others.
        """
        return self.content == other.content

    @cached_property
    def content(self) -> str:
        """The event as canonical JSON, without an assumed time and without its trace attributes."""
        document = without_carried(self.event.model_dump(mode="json", by_alias=True, exclude_unset=True))
        if document.get("timeassumed"):
            del document["time"]
        return canonical_json(document)
