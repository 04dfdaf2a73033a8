"""Reads CloudEvents at an ingress: one, or a batch. Each event is accepted or rejected on its own."""

from typing import Any

from shared.dialects.dialect import Ingress
from shared.dialects.event_notes import notes_on
from shared.errors import InvalidEvent, Mistake
from shared.events.claim_check import CheckedIn, check_in
from shared.events.codec import sized_event
from shared.events.notes import NOTES, EventNote, notes_attribute
from shared.strict_json import canonical_json


def admitted(document: Any, ingress: Ingress) -> CheckedIn:
    """The tenant's event, with large members kept apart. It may name no other channel than the ingress's.

    Raises InvalidEvent, UnknownAccount, EventTooLarge.
    """
    event, most_bytes = sized_event(document)
    tenant_id, channel, named = ingress.tenant.tenant_id, ingress.channel, event.data.channel
    if event.tenantid != tenant_id:
        raise InvalidEvent([Mistake("tenantid", f"is {event.tenantid!r}, but the address says {tenant_id!r}")])
    if channel and named and (named.account_id, named.channel_id) != (channel.account_id, channel.channel_id):
        raise InvalidEvent([Mistake("data.channel", "is not the channel that the address names")])
    # Without a subject, the event's conversation is found by its channel's thread, so the channel must exist.
    if event.subject is None and named and ingress.tenant.channel(named.account_id, named.channel_id) is None:
        raise ingress.tenant.unknown_channel(named.account_id, named.channel_id)
    notes = notes_on(event)
    if not notes and NOTES not in event.attributes:
        return check_in(event, most_bytes)
    # Nobody else says what was noted here.
    attribute = {NOTES: "[]", **notes_attribute(EventNote(note.code, note.path) for note in notes)}
    return check_in(event.with_unknown(attribute), most_bytes + len(canonical_json(attribute)))
