"""Rating: a named policy makes a session of bot activity, and another policy another one of the same activity."""

from datetime import UTC, datetime, timedelta

import pytest

from shared.conversations.bot_activity import BotActivity, Invocation
from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.effects.reconcile import ledger_row
from shared.events.catalog import Event
from shared.usage.bot_session import BotSession, bot_session
from shared.usage.ledger import LedgerRow, read_row, written_row
from shared.usage.rating import BOT_SESSION_2020, INVOICED, Policy, Rating
from tests.builders import contoso, ended, fact_of, history, message, started

AT = datetime(2026, 10, 31, 23, 59, tzinfo=UTC)


def invoked(bot: str, minutes: int = 0) -> Invocation:
    return Invocation(at=AT + timedelta(minutes=minutes), bot=bot, through="message.posted", fact_id=f"f{minutes}")


def test_a_session_counts_once_on_the_day_of_its_first_invocation() -> None:
    # Given a conversation that began in October, in which two bots were invoked in November
    activity = BotActivity(
        began_on="2026-10-31", invoked_on="2026-11-01", invocations=(invoked("b1", 2), invoked("b2", 3))
    )
    # Then the invoiced policy counts one session in November, which its first invocation proves
    assert BOT_SESSION_2020.rate(activity) == Rating("2026-11-01", None, invoked("b1", 2), ("b1", "b2"))
    assert bot_session(activity) == BotSession(started_at=invoked("b1", 2).at, month="2026-11", bots=("b1", "b2"))


@pytest.mark.parametrize(
    ("activity", "expected"),
    [
        (BotActivity(), None),
        (BotActivity(began_on="2026-10-31"), Rating("2026-10-31", "no_bot", None, ())),
        (
            BotActivity(began_on="2026-10-31", smart_assist=True),
            Rating("2026-10-31", "smart_assist_only", None, ()),
        ),
    ],
    ids=["nothing began", "no bot", "smart assist"],
)
def test_without_an_invocation_there_is_no_session(activity: BotActivity, expected: Rating | None) -> None:
    assert BOT_SESSION_2020.rate(activity) == expected
    assert bot_session(activity) is None


def test_the_invoiced_policy_is_named_with_its_version() -> None:
    assert str(INVOICED) == "bot-session-2020/1"


def _two_turns(activity: BotActivity) -> Rating | None:
    """Counts a conversation on the day on which a bot has had two turns with its customer."""
    if activity.began_on is None:
        return None
    turns = 0
    for day, more in sorted(activity.turns.items()):
        turns += more
        if turns >= 2:
            return Rating(day, None, activity.invocations[0], (activity.invocations[0].bot,))
    return Rating(activity.began_on, "no_bot", None, ())


TWO_TURNS_2030 = Policy("two-turns-2030", 1, _two_turns)


def conversation(questions: int) -> Conversation:
    """One in which a customer asks, and a bot answers, once a minute around midnight."""
    events: list[Event] = [started(at="2026-10-31T23:57:00Z")]
    for number in range(questions):
        for role, second in (("customer", 0), ("bot", 30)):
            at = datetime(2026, 10, 31, 23, 58, second, tzinfo=UTC) + timedelta(minutes=number)
            events.append(message(at=at.isoformat(), event_id=f"{role}{number}", role=role))
    events.append(ended(at="2026-11-01T12:00:00Z"))
    facts = [fact_of(event, datetime(2026, 11, 20, tzinfo=UTC)) for event in events]
    return fold("contoso", "c1", facts, history(contoso()))


@pytest.mark.parametrize(
    ("questions", "day", "excluded"),
    [(0, "2026-10-31", "no_bot"), (1, "2026-10-31", "no_bot"), (2, "2026-10-31", None), (5, "2026-10-31", None)],
)
def test_another_policy_stands_beside_it_over_the_same_activity(questions: int, day: str, excluded: str | None) -> None:
    # Given a conversation whose bot took it, and answered some questions until it ended
    rows = [ledger_row(conversation(questions), 1, policy) for policy in (INVOICED, TWO_TURNS_2030)]
    # When both policies rate it, then each has a row of its own
    invoiced, other = (row for row in rows if row is not None)
    assert (invoiced.policy, invoiced.excluded) == ("bot-session-2020/1", None)
    assert (other.policy, other.day, other.excluded) == ("two-turns-2030/1", day, excluded)
    assert invoiced.total != other.total


def test_a_stored_row_is_enough_for_another_policy() -> None:
    # Given the row of the invoiced policy, as it is stored
    row = ledger_row(conversation(3), 1)
    assert row is not None
    stored: LedgerRow = read_row(written_row(row))
    # Then another policy rates what is kept there as it rates the conversation
    assert TWO_TURNS_2030.rate(stored.activity) == TWO_TURNS_2030.rate(conversation(3).bot_activity)
