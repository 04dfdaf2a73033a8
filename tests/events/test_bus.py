"""How an event travels."""

import hashlib

import pytest

from shared.errors import EventTooLarge
from shared.events.bus import SUBSCRIPTIONS, UNROUTED, Message, message_of, subscription_for
from shared.events.catalog import EVENT_CLASSES
from shared.events.codec import MAX_EVENT_BYTES, decode_event, encode_event
from shared.wire import canonical_json
from tests.builders import message


def test_a_message_has_the_events_identity_and_type() -> None:
    # Given an event
    event = message("c1", event_id="m1")
    # Then its message is what any client of the bus can make of it
    identity = canonical_json(["contoso", "c1", "/tests", "m1"]).encode()
    body = encode_event(event)
    assert message_of(event) == Message("message.posted", hashlib.sha256(identity).hexdigest(), body)
    assert decode_event(body) == event


def test_an_event_too_large_has_no_message() -> None:
    large = message(text="x" * 1000).model_copy(update={"padding": "x" * MAX_EVENT_BYTES})
    with pytest.raises(EventTooLarge):
        message_of(large)


def test_every_type_that_travels_has_its_subscription() -> None:
    travelling = {each.type_name(): each.subscription for each in EVENT_CLASSES if each.subscription}
    assert {type_: name for name, type_ in SUBSCRIPTIONS.items()} == travelling
    assert {type_: subscription_for(type_) for type_ in travelling} == travelling
    assert subscription_for("message.postponed") == subscription_for(None) == UNROUTED
