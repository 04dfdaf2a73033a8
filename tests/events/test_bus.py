"""How an event travels."""

import pytest

from shared.errors import EventTooLarge
from shared.events.bus import SUBSCRIPTIONS, UNROUTED, Message, message_of, subscription_for
from shared.events.catalog import EVENT_CLASSES
from shared.events.codec import MAX_EVENT_BYTES, decode_event, encode_event
from tests.builders import message


def test_a_message_has_the_events_type_and_an_id_of_its_own() -> None:
    # Given an event whose id holds the channel's thread
    event = message("c1", event_id="491555123|0000005")
    # When it is published twice
    one, other = message_of(event), message_of(event)
    # Then both messages have its type and its JSON, and ids, which logs name, that nothing is in
    assert one == Message("message.posted", one.message_id, encode_event(event))
    assert decode_event(one.body) == event
    assert one.message_id != other.message_id


def test_an_event_too_large_has_no_message() -> None:
    large = message(text="x" * 1000).model_copy(update={"padding": "x" * MAX_EVENT_BYTES})
    with pytest.raises(EventTooLarge):
        message_of(large)


def test_every_type_that_travels_has_its_subscription() -> None:
    travelling = {each.type_name(): each.subscription for each in EVENT_CLASSES if each.subscription}
    assert {type_: name for name, type_ in SUBSCRIPTIONS.items()} == travelling
    assert {type_: subscription_for(type_) for type_ in travelling} == travelling
    assert subscription_for("message.postponed") == subscription_for(None) == UNROUTED
