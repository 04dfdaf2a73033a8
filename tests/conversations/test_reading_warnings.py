"""What an ingress noted while it read an event is a warning of the conversation, counted once for each event."""

from itertools import permutations
from typing import Any

import pytest

from shared.conversations.conversation import MOST_NOTED, MOST_WARNINGS
from shared.diagnosis.diagnose import diagnose
from shared.events.catalog import Event
from shared.events.notes import MOST_NOTES, NOTES, EventNote, notes_attribute, notes_of
from tests.builders import contoso, ended, escalated, history, message, started
from tests.conversations.pipelines import NOW, InMemory, Pipelines
from tests.conversations.test_races import differences
from tests.conversations.test_record import Spied

UNBRIDGED = EventNote("not_bridged", "channelData.deliveryMode")


def noted(event: Event, *notes: EventNote) -> Event:
    return event.with_unknown(notes_attribute(notes or [UNBRIDGED]))


def line(second: int, *notes: EventNote) -> Event:
    return noted(message(at=f"2026-10-05T10:00:{second:02}Z", role="bot"), *notes)


async def warnings_of(pipeline: InMemory) -> list[tuple[str, str, int]]:
    found = await pipeline.conversations.read_head("contoso", "c1")
    assert found is not None
    return [(one.code, one.detail, one.count) for one in found[0].conversation.warnings]


async def test_each_event_counts_once_however_often_and_in_whatever_order_it_comes(
    in_memory: Pipelines = InMemory,
) -> None:
    facts = [started(), line(1), line(2), line(3, UNBRIDGED, UNBRIDGED), ended(at="2026-10-05T10:00:09Z")]
    for order in permutations(facts):
        # given lines with a note, when they come in some order, each of them twice
        pipeline = await in_memory().configured()
        for event in order:
            await pipeline.record(event, event)
        # then the head has one warning, with the path of the first and the number of lines
        assert await warnings_of(pipeline) == [("not_bridged", "channelData.deliveryMode", 3)]
        assert await differences(pipeline) == []


async def test_a_redelivery_that_was_read_otherwise_is_the_same_event() -> None:
    pipeline = await InMemory().configured()
    await pipeline.record(started(), line(1), message(at="2026-10-05T10:00:01Z", role="bot"))
    assert len((await pipeline.conversations.load("contoso", "c1")).facts) == 2
    assert await warnings_of(pipeline) == [(*UNBRIDGED, 1)]


async def test_a_warning_that_is_counted_as_often_as_ever_is_makes_a_line_cost_no_more() -> None:
    # given a conversation with as many lines of one note as are counted
    store = Spied()
    pipeline = await InMemory(conversations=store).configured()
    await pipeline.record(started(), *(line(n) for n in range(MOST_NOTED)))
    # when another one comes, then it is only appended
    store.asked.clear()
    await pipeline.record(line(30))
    assert store.asked == ["append", "read_head"]
    assert await warnings_of(pipeline) == [(*UNBRIDGED, MOST_NOTED)]
    assert await differences(pipeline) == []


async def test_a_conversation_keeps_a_bounded_number_of_codes() -> None:
    pipeline = await InMemory().configured()
    codes = [EventNote(f"code_{chr(97 + n)}", "p") for n in range(MOST_NOTES)]
    await pipeline.record(started(), line(1, *codes), line(2, UNBRIDGED))
    assert len(await warnings_of(pipeline)) == MOST_WARNINGS
    assert await differences(pipeline) == []


@pytest.mark.parametrize(
    "written", [None, 7, "", "{", "{}", "[1]", '[["a"]]', '[["a",1]]', '[["A b","p"]]', f'[["a","{"p" * 121}"]]']
)
def test_a_malformed_note_of_a_sender_is_none(written: object) -> None:
    assert list(notes_of({NOTES: written})) == []


def test_notes_are_written_and_read_without_loss_up_to_their_bound() -> None:
    notes = [EventNote("a", f"p{n}") for n in range(MOST_NOTES + 5)]
    assert list(notes_of(notes_attribute(notes))) == notes[:MOST_NOTES]
    assert notes_attribute([]) == {}


@pytest.mark.parametrize(
    ("topic", "warned"), [("CreditCar", 1), ("creditcard", 1), ("CreditCard", 0), ("Weather", 0), (7, 0)]
)
async def test_a_value_that_a_rule_names_nearly_so_is_a_warning_in_the_doctors_words(topic: Any, warned: int) -> None:
    # given an escalation whose topic is that of no rule
    pipeline = await InMemory().configured()
    event = escalated(context_variables={"BotHandoffTopic": topic}, at="2026-10-05T10:00:05Z")
    await pipeline.record(started(), event, event)
    # then the conversation says of it what the doctor says
    near = [detail for code, detail, _ in await warnings_of(pipeline) if code == "value_near_miss"]
    found = diagnose(history(contoso()), event.to_json().encode(), NOW).findings
    told = [f"BotHandoffTopic {one.reason}" for one in found if one.code == "value_near_miss"]
    assert len(near) == warned
    assert near == told
    assert await differences(pipeline) == []
