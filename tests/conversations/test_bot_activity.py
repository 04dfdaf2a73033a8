"""Bot activity: who was invoked first to last and how often a bot answered on each day, in any order, and bounded."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.bot_activity import MOST_BOTS, BotActivity, Invocation, turns_of
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.events.catalog import Event
from shared.tenants.history import History
from tests.builders import contoso, ended, escalated, fact_of, history, message, started

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PACIFIC = history(contoso().model_copy(update={"time_zone": "America/Los_Angeles"}))


def activity(*events: Event, versions: History | None = None) -> BotActivity:
    facts = [fact_of(event, NOW) for event in events]
    return fold("contoso", "c1", facts, versions or history(contoso())).bot_activity


def said(minute: int, role: str, **data: Any) -> Event:
    return message(at=f"2026-10-05T10:{minute:02}:00Z", event_id=f"m{minute}", role=role, **data)


Turns = Callable[[Sequence[Fact], History], Mapping[str, int]]


def test_a_turn_is_a_bots_public_line_that_answers_a_customer() -> None:
    check_a_turn_is_a_bots_public_line_that_answers_a_customer(turns_of)


def check_a_turn_is_a_bots_public_line_that_answers_a_customer(turns: Turns) -> None:
    # Given a bot that greets, answers a question with two lines, and answers two questions with one
    lines = [said(n, role) for n, role in enumerate(["bot", "customer", "bot", "bot", "customer", "customer", "bot"])]
    # Then it had two turns
    facts = [fact_of(event, NOW) for event in (started(), *lines)]
    assert dict(turns(facts, history(contoso()))) == {"2026-10-05": 2}


def test_what_nobody_asked_a_bot_is_no_turn() -> None:
    # Given an agent who answers first, an adviser, a private line, a reminder, and lines after the end
    end = ended(at="2026-10-05T10:30:00Z")
    lines = [
        *(said(1, "customer"), said(2, "agent"), said(3, "bot")),
        *(said(4, "customer"), said(5, "bot", visibility="private")),
        said(6, "bot", author={"role": "bot", "id": "adviser", "smartAssist": True}),
    ]
    assert activity(started(), *lines, end).turns == {}
    # and a reminder takes no answer away
    assert activity(started(), *lines, said(7, "system"), said(8, "bot"), end).turns == {"2026-10-05": 1}
    assert activity(started(), *lines, ended(at="2026-10-05T10:07:30Z"), said(8, "bot")).turns == {}


def test_days_are_those_of_the_tenants_calendar() -> None:
    # Given a tenant in Los Angeles, and a conversation around its midnight
    events: list[Event] = [
        started(at="2026-10-06T06:58:00Z", context_variables={"BotHandoffTopic": "HomeLoan"}),
        message(at="2026-10-06T06:58:30Z", event_id="1"),
        message(at="2026-10-06T07:00:00Z", event_id="2", role="bot"),
        message(at="2026-10-06T07:01:00Z", event_id="3"),
        message(at="2026-10-06T07:02:00Z", event_id="4", role="bot"),
        ended(at="2026-10-06T07:03:00Z"),
    ]
    found = activity(*events, versions=PACIFIC)
    assert (found.began_on, found.invoked_on, found.turns) == ("2026-10-05", "2026-10-06", {"2026-10-06": 2})


def test_it_is_bounded_and_holds_no_text_and_no_person() -> None:
    # Given more bots than are kept, in a conversation of a customer with a name
    bots = [said(n % 60, "bot", author={"role": "bot", "id": f"bot-{n:03}"}) for n in range(MOST_BOTS + 9)]
    found = activity(started(), said(0, "customer", text="my number is 0700"), *bots)
    # Then the earliest are kept, and nothing of what was said or by which person
    assert len(found.invocations) == MOST_BOTS
    text = json.dumps(found.model_dump(mode="json"))
    assert "number" not in text
    assert "customer" not in text


_seconds = st.integers(0, 40).map(lambda n: f"2026-10-05T23:59:{n + 20:02}Z" if n < 40 else "2026-10-06T00:00:00Z")
_lines = st.builds(
    lambda at, role, bot, number: message(
        at=at, event_id=f"m{number}", author={"role": role, "id": bot if role == "bot" else role}
    ),
    _seconds,
    st.sampled_from(["customer", "bot", "agent"]),
    st.sampled_from(["contoso-bot", "other", "third"]),
    st.integers(0, 1000),
)


@given(st.lists(_lines, max_size=8, unique_by=lambda line: line.id), st.data())
def test_neither_order_nor_repetition_changes_it(lines: list[Event], data: st.DataObject) -> None:
    events: list[Event] = [started(at="2026-10-05T23:59:00Z"), *lines, escalated(at="2026-10-05T23:59:30Z")]
    assert activity(*data.draw(st.permutations(events + events))) == activity(*events)


def _at(number: int) -> datetime:
    return datetime(2026, 10, 5, 10, number // 60, number % 60, tzinfo=UTC)


def check_the_earliest_invocations_stay(
    order: list[int], with_invocation: Callable[[BotActivity, Invocation], BotActivity]
) -> None:
    # Given more bots than are kept, each invoked twice, in any order
    found = BotActivity()
    for number in order:
        new = Invocation(at=_at(number), bot=f"b{number // 2}", through="message.posted", fact_id=f"f{number}")
        found = with_invocation(found, new)
    # Then those stay that were invoked first, each with its first invocation
    assert [(one.bot, one.at) for one in found.invocations] == [(f"b{n}", _at(2 * n)) for n in range(MOST_BOTS)]


@given(st.permutations(range(2 * MOST_BOTS + 10)))
def test_the_earliest_invocations_stay(order: list[int]) -> None:
    check_the_earliest_invocations_stay(order, BotActivity.with_invocation)
