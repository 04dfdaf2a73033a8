"""Trace context in an event: what is well-formed is read as it was written, and nothing else is, or fails."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import TooLate
from shared.events.codec import event_from
from shared.events.trace_context import (
    CARRIED,
    TraceContext,
    accepted_at,
    attributes_for,
    trace_context,
    without_carried,
)
from shared.ingress.parked_event import park
from tests.builders import fact_of, json_values, message_document

REASON = TooLate(datetime(2025, 1, 1, tzinfo=UTC), 30)
NOW = datetime(2026, 10, 5, 10, tzinfo=UTC)
HEX = "0123456789abcdef"


def identifiers(length: int) -> st.SearchStrategy[str]:
    return st.text(HEX, min_size=length, max_size=length).filter(lambda text: set(text) != {"0"})


contexts = st.builds(
    TraceContext,
    identifiers(32),
    identifiers(16),
    st.integers(0, 255),
    st.sampled_from(["", "vendor=1", "a@b=x y,rojo=00f067aa0ba902b7"]),
)


@given(contexts)
def test_what_is_written_is_read_again(context: TraceContext) -> None:
    assert trace_context(context.attributes()) == context
    carried = attributes_for(context, NOW)
    assert (trace_context(carried), accepted_at(carried)) == (context, NOW)


@given(st.dictionaries(st.sampled_from(CARRIED), json_values() | st.text()))
def test_whatever_stands_there_is_a_context_or_none(carrier: dict[str, object]) -> None:
    found = trace_context(carrier)
    assert found is None or trace_context(found.attributes()) == found
    assert accepted_at(carrier) is None or isinstance(carrier["acceptedtime"], str)


@pytest.mark.parametrize("state", ["=", "a", "A=1", "a=1,", "a=1=2", "a=" + "x" * 600, "a=é", ",".join(["a=1"] * 33)])
def test_a_state_that_is_malformed_is_left_out_and_the_trace_is_not(state: str) -> None:
    carrier = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01", "tracestate": state}
    assert trace_context(carrier) == TraceContext("a" * 32, "b" * 16, 1)


@given(contexts, contexts)
def test_an_event_says_the_same_in_whatever_trace_it_comes(one: TraceContext, other: TraceContext) -> None:
    # Given an event in two traces
    first, second = (event_from(message_document() | attributes_for(context, NOW)) for context in (one, other))
    # When they are facts, or are parked
    # Then they are one fact, and one parked event
    assert fact_of(first, NOW).same_content(fact_of(second, NOW))
    assert fact_of(first, NOW).same_content(fact_of(event_from(message_document()), NOW))
    parked = [park(event.to_json().encode(), REASON, NOW) for event in (first, second)]
    assert parked[0].id == parked[1].id
    assert all(event.whole() for event in parked)


def test_what_an_event_says_is_compared_as_ever() -> None:
    carried = attributes_for(TraceContext("a" * 32, "b" * 16, 1), NOW)
    one, other = (event_from(message_document(time=f"2026-10-05T10:00:0{second}Z") | carried) for second in (1, 2))
    assert not fact_of(one, NOW).same_content(fact_of(other, NOW))
    parked = [park(event.to_json().encode(), REASON, NOW).id for event in (one, other)]
    assert parked[0] != parked[1]
    assert without_carried({"traceparent": "x", "data": {"traceparent": "y"}}) == {"data": {"traceparent": "y"}}
