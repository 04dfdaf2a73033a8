"""A changed line shows what it says now and what it said; a removed one shows that; nothing else changes."""

from collections.abc import Callable, Iterable
from itertools import permutations

import pytest

from shared.conversations.blind_append import changes_head
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.transcript import Audience, TranscriptEntry, transcript
from shared.conversations.transcript_text import text_of
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.wire import replace
from tests.builders import changed, contoso, ended, escalated, fact_of, history, message, started
from tests.effects.test_reconcile import head_of
from tests.seeds import CUSTOMER_NAME

NOW = parse_time("2026-11-20T12:00:00Z")
ANA = {"role": "agent", "id": "ana", "name": "Ana"}
FILE = {"name": "bill.pdf", "contentType": "application/pdf", "url": "https://example.com/bill.pdf"}


def at(second: int) -> str:
    return f"2026-10-05T10:00:{second:02}Z"


Transcript = Callable[[Iterable[Fact], Audience], list[TranscriptEntry]]


def lines(*events: Event, audience: Audience = "agent", transcript: Transcript = transcript) -> list[TranscriptEntry]:
    return transcript([fact_of(event, NOW) for event in events], audience)


def folded(*events: Event) -> Conversation:
    return fold("contoso", "c1", [fact_of(event, NOW) for event in events], history(contoso()))


SAID = message(at=at(1), event_id="m1", text="at sevn", attachments=[FILE])
SEVEN = changed("m1", at=at(2), text="at seven", author=ANA)
EIGHT = changed("m1", at=at(3), text="at eight")
GONE = changed("m1", at=at(4), removed=True)


def check_that_a_line_shows_what_it_says_now_and_what_it_said(transcript: Transcript = transcript) -> None:
    # given a line and two changes of it, in whatever order they came
    events: list[Event] = [started(at=at(0)), SAID, SEVEN, EIGHT]
    for arrived in permutations(events):
        (line,) = lines(*arrived, transcript=transcript)
        # then it says the newest, at its own place, and keeps its file and what it said before
        assert (line.text, line.time, [file.name for file in line.attachments]) == ("at eight", at(1), ["bill.pdf"])
        told = [(one.time, one.was, one.by.name if one.by else None) for one in line.changes]
        assert told == [(at(2), "at sevn", "Ana"), (at(3), "at seven", None)]


def test_a_line_shows_what_it_says_now_and_what_it_said() -> None:
    check_that_a_line_shows_what_it_says_now_and_what_it_said()


def test_a_removed_line_shows_that_and_no_file() -> None:
    (line,) = lines(GONE, SAID, SEVEN)
    assert (line.removed, line.text, line.attachments, line.changes[-1].was) == (True, None, (), "at seven")
    # and a line that somebody brought back is there again
    (back,) = lines(SAID, GONE, changed("m1", at=at(5), text="at nine"))
    assert (back.removed, back.text) == (False, "at nine")


def test_another_file_takes_the_place_of_a_lines_file() -> None:
    (line,) = lines(SAID, changed("m1", at=at(2), attachments=[{**FILE, "name": "other.pdf"}]))
    assert ([file.name for file in line.attachments], line.text) == (["other.pdf"], "at sevn")


def test_a_customer_reads_that_a_line_was_changed_and_not_what_it_said() -> None:
    check_that_a_customer_does_not_read_what_a_line_said()


def check_that_a_customer_does_not_read_what_a_line_said(transcript: Transcript = transcript) -> None:
    (line,) = lines(SAID, SEVEN, audience="customer", transcript=transcript)
    assert (line.text, [(one.time, one.was) for one in line.changes]) == ("at seven", [(at(2), None)])
    assert "sevn" not in line.model_dump_json()


@pytest.mark.parametrize("change", [changed("m9", at=at(2), text="who knows"), changed("m9", at=at(2), removed=True)])
def test_a_change_of_a_line_that_nobody_told_is_shown_as_such_to_agents_alone(change: Event) -> None:
    shown = lines(started(at=at(0)), SAID, change)
    assert [(one.origin, one.id, one.text) for one in shown][1:] == [("change", "m9", change.data.model_dump()["text"])]
    assert [one.origin for one in lines(started(at=at(0)), SAID, change, audience="customer")] == ["message"]


def test_a_line_is_changed_under_the_source_of_its_event_alone() -> None:
    # given a change of the same id that another sender tells of
    other = replace(GONE, source="/somebody/else")
    assert [(one.origin, one.removed) for one in lines(SAID, other)] == [("message", False), ("change", True)]


def test_a_line_that_a_bot_handed_over_is_changed_too() -> None:
    # given a history with a line that was changed later on the channel, and one that tells a changed line's old text
    handed_over = [
        {"id": "h1", "time": at(0), "author": {"role": "customer", "id": "u"}, "text": "my card"},
        {"time": at(1), "author": {"role": "customer", "id": "customer-1"}, "text": "at sevn"},
    ]
    shown = lines(SAID, SEVEN, escalated(at=at(9), transcript=handed_over, summary=None), changed("h1", at=at(5)))
    assert [(one.origin, one.text, len(one.changes)) for one in shown] == [
        ("botHistory", "changed", 1),
        ("message", "at seven", 1),
    ]


def test_the_summary_for_the_agent_can_be_changed_too() -> None:
    (line,) = lines(escalated(at=at(1), event_id="m1"), SEVEN)
    assert (line.origin, line.text, line.visibility) == ("summary", "at seven", "private")


def test_a_change_after_the_end_changes_a_line_from_before_it() -> None:
    (line,) = lines(started(at=at(0)), SAID, ended(at=at(2)), EIGHT)
    assert (line.text, line.late) == ("at eight", False)


def test_as_text_a_changed_line_shows_both_and_nobody_passes_for_another_line() -> None:
    (line,) = lines(message(at=at(1), event_id="m1", text="one\ntwo"), SEVEN)
    before = f"    until {at(2)}, when Ana changed it:\n        one\n        two\n"
    assert text_of(line) == f"{at(1)}  customer {CUSTOMER_NAME} (changed)\n    at seven\n{before}"
    assert text_of(lines(SAID, GONE)[0]).splitlines()[0].endswith("(removed)")


def test_as_text_a_removed_line_shows_who_removed_it() -> None:
    # given a line that was changed and then removed; and, each alone, the removal and the change of one
    shown = text_of(lines(SAID, SEVEN, changed("m1", at=at(4), removed=True, author=ANA))[0])
    # then each step is called what it was
    assert "when Ana changed it:\n" in shown
    assert "when Ana removed it:\n" in shown
    assert text_of(lines(GONE)[0]).splitlines()[0].endswith("(private, removes a line that never arrived)")
    assert text_of(lines(SEVEN)[0]).splitlines()[0].endswith("(private, changes a line that never arrived)")


@pytest.mark.parametrize("summary", [None, "Stolen card"])
def test_as_text_an_escalation_shows_its_reason(summary: str | None) -> None:
    (line,) = lines(escalated(at=at(1), summary=summary, reason="asked for\na human"))
    said = [f"    {summary}"] if summary else []
    assert text_of(line).splitlines()[1:] == [*said, "    escalated: asked for", "    a human"]


BOTS = message(at=at(1), event_id="m1", role="bot")


@pytest.mark.parametrize("place", [0, 1, 2, 3])
@pytest.mark.parametrize("change", [SEVEN, GONE])
def test_a_change_has_no_effect_on_state_bill_silence_or_activity(place: int, change: Event) -> None:
    # given a conversation, and a change of its bot's line
    events: list[Event] = [started(at=at(0)), BOTS, ended(at=at(9))]
    without = folded(*events)
    # when the change comes too, at whatever time
    moved = replace(change, time=at(place * 4))
    # then only how far the facts are folded differs
    assert replace(folded(*events, moved), folded_to=None) == replace(without, folded_to=None)


def test_a_change_alone_is_no_activity() -> None:
    alone = folded(SEVEN)
    assert (alone.last_activity_at, alone.started_at, alone.bot_activity.invocations) == (None, None, ())


def test_a_reaction_invokes_no_bot_breaks_no_silence_and_asks_nobody() -> None:
    # given a bot's and a customer's reaction
    marks = [message(at=at(5), event_id=role, role=role, text="👍", reaction=True) for role in ("bot", "customer")]
    without = folded(started(at=at(0), context_variables={"BotHandoffTopic": "HomeLoan"}))
    with_marks = folded(started(at=at(0), context_variables={"BotHandoffTopic": "HomeLoan"}), *marks)
    # then they are lines, and nothing is counted or asked
    assert with_marks.bot_activity == without.bot_activity
    assert [(one.breaks_silence, one.asks_for_somebody) for one in marks] == [(False, False)] * 2
    assert [one.begins_conversation for one in marks] == ["ifFirst"] * 2
    assert [one.text for one in lines(*marks)] == ["👍", "👍"]
    # nor does the first line by a bot cost more than an append
    assert not changes_head(head_of(without), fact_of(marks[0], NOW), history(contoso()), NOW)
