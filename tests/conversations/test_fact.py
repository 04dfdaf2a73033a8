"""Facts: what identifies one, and that nobody without the tenant's secret can make its id."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.fact import fact_id
from shared.events.catalog import Event
from shared.events.codec import event_from
from shared.events.pseudonym import Pseudonyms
from shared.strict_json import canonical_json
from tests.builders import PSEUDONYMS, escalated, fact_of, message, message_document
from tests.conversations.pipelines import NOW

NAMES = st.text(min_size=1, max_size=8)


@given(st.lists(st.tuples(NAMES, NAMES, NAMES), min_size=2, max_size=2, unique=True))
def test_different_names_give_different_ids(names: list[tuple[str, str, str]]) -> None:
    # given events that differ in conversation, source or id, wherever one name ends and the next begins,
    # then they are two
    one, other = (fact_id(PSEUDONYMS, *each) for each in names)
    assert one != other


@pytest.mark.parametrize("name", ["subject", "source", "id"])
def test_one_other_name_is_enough_for_another_id(name: str) -> None:
    # given two events that differ in nothing but one of the three names
    one, other = (event_from(message_document(**{name: value})) for value in ("a", "b"))
    # then they are two facts
    assert fact_of(one, NOW).id != fact_of(other, NOW).id


def test_the_same_names_give_the_same_id_whatever_is_said() -> None:
    # given two events of one id that say different things at different times
    one = message(at="2026-10-05T10:00:00Z", event_id="e1", text="one")
    other = message(at="2026-10-06T10:00:00Z", event_id="e1", text="other")
    # then they are one fact (and whoever records them sees the conflict)
    assert fact_of(one, NOW).id == fact_of(other, NOW).id


def test_an_id_cannot_be_made_without_the_tenants_secret() -> None:
    # given an event whose id holds the channel's thread, as Direct Line's do
    event = message(event_id="491555123|0000005")
    ours = fact_of(event, NOW).id
    # then who knows all its names finds the id neither as their hash nor under another tenant's secret
    names = (event.subject, event.source, event.id)
    hashed = [canonical_json([*before, *names]) for before in ([], ["fact"], [event.tenantid])]
    assert ours not in [hashlib.sha256(text.encode()).hexdigest() for text in hashed]
    assert ours != fact_id(Pseudonyms(b"another secret"), *names)
    assert len(ours) == 64


def handed_over(time: str) -> Event:
    return escalated(
        transcript=[{"time": time, "author": {"role": "customer", "id": "u"}, "text": "Hi"}], event_id="e1"
    )


SAME = [
    (message(event_id="m1", locale="de-DE", textFormat="plain"), message(event_id="m1", locale="en-US")),
    (message(event_id="m1", inputHint="acceptingInput"), message(event_id="m1", attachmentLayout="list")),
    (message(event_id="m1", at="2026-10-05T10:00:00.927Z"), message(event_id="m1", at="2026-10-05T10:00:00.9270000Z")),
    (message(event_id="m1", at="2026-10-05T10:00:00Z"), message(event_id="m1", at="2026-10-05T12:00:00+02:00")),
    (message(event_id="m1", author={"role": "customer", "id": "u"}),
     message(event_id="m1", author={"role": "customer", "id": "u", "name": "Zoë"})),
    (handed_over("2026-10-05T10:00:00.927Z"), handed_over("2026-10-05T10:00:00.9270000Z")),
]  # fmt: skip
OTHER = [
    (message(event_id="m1", text="one"), message(event_id="m1", text="two")),
    (message(event_id="m1", at="2026-10-05T10:00:00.927Z"), message(event_id="m1", at="2026-10-05T10:00:00.9270001Z")),
    (message(event_id="m1", author={"role": "customer", "id": "u"}),
     message(event_id="m1", author={"role": "customer", "id": "v"})),
    (message(event_id="m1", value=1), message(event_id="m1", value=2)),
    (handed_over("2026-10-05T10:00:00Z"), handed_over("2026-10-05T10:00:01Z")),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_what_comes_again_with_another_look_or_spelling_says_the_same(one: Event, other: Event) -> None:
    assert fact_of(one, NOW).same_content(fact_of(other, NOW))


@pytest.mark.parametrize(("one", "other"), OTHER)
def test_what_says_something_else_is_other_content(one: Event, other: Event) -> None:
    assert not fact_of(one, NOW).same_content(fact_of(other, NOW))
