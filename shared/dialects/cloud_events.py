"""Reads CloudEvents at an ingress: one, or a batch. Each event is accepted or rejected on its own."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.dialects.reading import outcome_of
from shared.errors import InvalidEvent, Mistake, Refused, UnknownAccount
from shared.events.claim_check import CheckedIn, check_in
from shared.events.codec import event_from
from shared.events.data import ChannelReference
from shared.tenants.configuration import Configuration
from shared.wire import parse_json


@dataclass(frozen=True)
class Rejected:
    """An event of a batch that was refused: its index in the batch, and the reason."""

    index: int
    reason: Refused


def read_events(
    configuration: Configuration, body: bytes, channel: ChannelReference | None = None
) -> tuple[list[CheckedIn], list[Rejected]]:
    """The tenant's events in a body, with large members kept apart. `channel`: the only channel that they may name.

    Raises Refused for a wrong event that is no part of a batch. In a batch, a wrong event is rejected alone.
    """
    document = parse_json(body, InvalidEvent)
    if not isinstance(document, list):
        return [_admitted(configuration, document, channel)], []
    read = read_each(configuration, document, channel)
    events = [one for one in read if not isinstance(one, Refused)]
    return events, [Rejected(index, one) for index, one in enumerate(read) if isinstance(one, Refused)]


def read_each(
    configuration: Configuration, batch: Sequence[Any], channel: ChannelReference | None = None
) -> list[CheckedIn | Refused]:
    """Each item of a parsed batch, as an event or as the reason for its refusal."""
    return [outcome_of(_admitted, configuration, item, channel) for item in batch]


def mistakes_of(rejected: Sequence[Rejected]) -> list[dict[str, Any]]:
    """The rejected events as JSON for an answer: index, code, detail, and the members at fault."""
    return [
        {
            "index": one.index,
            "code": one.reason.code,
            "detail": one.reason.detail,
            "errors": [mistake.shown() for mistake in one.reason.mistakes],
        }
        for one in rejected
    ]


def _admitted(configuration: Configuration, document: Any, channel: ChannelReference | None) -> CheckedIn:
    event = event_from(document)
    tenant_id, named = configuration.tenant_id, event.data.channel
    if event.tenantid != tenant_id:
        raise InvalidEvent([Mistake("tenantid", f"is {event.tenantid!r}, but the address says {tenant_id!r}")])
    if channel and named and (named.account_id, named.channel_id) != (channel.account_id, channel.channel_id):
        raise InvalidEvent([Mistake("data.channel", "is not the channel that the address names")])
    # Without a subject, the event's conversation is found by its channel's thread, so the channel must exist.
    if event.subject is None and named and configuration.channel(named.account_id, named.channel_id) is None:
        raise UnknownAccount(named.account_id, named.channel_id)
    return check_in(event)
