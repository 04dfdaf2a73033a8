"""Drafts of a dialect as events whose conversation is not known yet."""

from collections.abc import Sequence
from datetime import datetime

from shared.dialects.notes import Note
from shared.dialects.reading import Draft, Reading
from shared.dialects.registry import WARNINGS
from shared.events.claim_check import CheckedIn, check_in
from shared.events.codec import event_document, sized_event
from shared.events.content import NATIVE_ID
from shared.events.data import ChannelReference
from shared.events.envelope import counted_moment, format_time, parse_time
from shared.events.notes import EventNote, notes_attribute


def counting_moment(reading: Reading, now: datetime) -> datetime:
    """The time at which a payload that arrives now counts."""
    return counted_moment(parse_time(reading.time) if reading.time else now, now)


def drafted_event(
    tenant_id: str,
    channel: ChannelReference,
    draft: Draft,
    time: str | None,
    now: datetime,
    notes: Sequence[Note] = (),
) -> CheckedIn:
    """The draft as an event whose conversation is not known yet, with its large members kept apart.

    It carries those of the reading's notes that are warnings. Raises InvalidEvent, EventTooLarge.
    """
    source = f"/channels/{channel.account_id}/{channel.channel_id}"
    data = {**draft.data, "channel": channel.model_dump(by_alias=True)}
    said_at = time or format_time(now)
    document = event_document(tenant_id, "unresolved", source, draft.id, draft.type, said_at, data)
    if notes:
        document |= notes_attribute(EventNote(note.code, note.path) for note in notes if note.code in WARNINGS)
    if draft.native_id is not None:
        document[NATIVE_ID] = draft.native_id
    if time is None or draft.native_id is not None:
        # Each copy has another time, and is the same event.
        document["timeassumed"] = True
    return check_in(*sized_event(document))
