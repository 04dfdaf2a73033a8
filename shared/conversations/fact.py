"""A fact: an event that was recorded, with the time at which it counts."""

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from shared.conversations.order import SortKey, sort_key
from shared.dialects.registry import PRESENTATION
from shared.events.catalog import Event
from shared.events.content import said_in
from shared.events.envelope import OWN_SOURCE, counted_moment
from shared.events.pseudonym import Pseudonyms
from shared.events.stamp import arrival, stamp_of
from shared.strict_json import canonical_json


def fact_id(pseudonyms: Pseudonyms, subject: str | None, source: str, event_id: str) -> str:
    """The pseudonym of the members that identify a tenant's event, however often it is sent.

    Ledger rows name it. An event's id may hold the channel's native ids, which a plain hash would give away.
    """
    return pseudonyms.of("fact", subject, source, event_id)


@dataclass(frozen=True)
class Fact:
    """A recorded event; it keeps the sender's own time.

    `id` is the event's identity, a pseudonym as in `fact_id`. A second fact with the same id is a duplicate.
    `at` is the time at which it counts, in UTC, and whose configuration judges it. It is never after the arrival, so a
    version of the configuration that is put later cannot change the judgement.
    """

    id: str
    event: Event
    at: datetime
    received_at: datetime

    @classmethod
    def of(cls, event: Event, now: datetime, pseudonyms: Pseudonyms) -> "Fact":
        """The fact made of an event that is stored now."""
        # What Patchbay decided, it decided at that time.
        at = event.moment if _is_ours(event) else counted_moment(event.moment, arrival(event.attributes, now))
        return cls(fact_id(pseudonyms, event.subject, event.source, event.id), event, at, now)

    @property
    def is_ours(self) -> bool:
        """True if Patchbay itself recorded it."""
        return _is_ours(self.event)

    @cached_property
    def order(self) -> SortKey:
        """Its place in the order of facts."""
        return sort_key(self.event, self.at, self.id)

    @cached_property
    def text(self) -> str:
        """The event as JSON, as it is stored."""
        return self.event.to_json()

    def same_content(self, other: "Fact") -> bool:
        """True if another event of the same identity has the same content.

        Neither a time that the ingress assumed (extension attribute `timeassumed`) nor trace and stamp count, because
        every retry has others, nor how its channel presents it or spells its time, because a retry may have others.
        """
        return self.content == other.content

    @cached_property
    def content(self) -> str:
        """The event as canonical JSON, without an assumed time, its trace and its stamp, and its presentation."""
        document = said_in(self.event.model_dump(mode="json", by_alias=True, exclude_unset=True), PRESENTATION)
        if document.get("timeassumed"):
            del document["time"]
        return canonical_json(document)


def _is_ours(event: Event) -> bool:
    """True if Patchbay itself made the event. A sender may name our source, but what comes in has a stamp."""
    return event.source == OWN_SOURCE and stamp_of(event.attributes) is None
