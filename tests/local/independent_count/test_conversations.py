"""Conversations as the count tells them: who has them, how long silence may last, and what begins the next one."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from local.independent_count.conversation import CountedConversation
from local.independent_count.conversations import counted_conversations
from local.independent_count.count import EXAMPLES
from local.independent_count.occurrence import Occurrence

TEN = datetime.fromisoformat("2026-10-05T10:00:00+00:00")
LATER = timedelta(days=3)
CONFIGURATIONS: dict[str, dict[str, Any]] = {
    name: yaml.safe_load((EXAMPLES / f"{name}.yaml").read_bytes()) for name in ("contoso", "fabrikam", "northwind")
}
PLACES = {
    "contoso": ("contoso-app", "app"),
    "fabrikam": ("fabrikam-app", "app"),
    "northwind": ("northwind-telegram", "telegram"),
}


def heard(seconds: float, kind: Any, who: str = "customer", tenant: str = "contoso", **members: Any) -> Occurrence:
    """Something that happened so many seconds after ten o'clock."""
    at = TEN + timedelta(seconds=seconds)
    usual: dict[str, Any] = {"thread": "c1", "threaded": False, "place": PLACES[tenant], "raw": f"{seconds}"}
    return Occurrence(tenant=tenant, id=f"{kind} {seconds}", at=at, kind=kind, who=who, **{**usual, **members})


def counted(*said: Occurrence, until: datetime = TEN + LATER) -> list[CountedConversation]:
    return counted_conversations(said, CONFIGURATIONS, until)


def test_a_bot_reminds_and_then_closes() -> None:
    # Given a customer who falls silent, in the middle of a conversation with contoso's bot
    said = heard(0, "start"), heard(20, "line", text="Hello"), heard(30, "line", "bot", text="Hi")
    # When nothing happens for long, then there are a reminder after 300 s and an end after 900 s
    [one] = counted(*said)
    assert [(moment - TEN).seconds for moment in one.silences] == [330, 930]
    assert one.lines == ["Hello", "Hi", "Are you still there?", "Goodbye."]
    assert one.state == "closed, inactivity"
    # and before that only the first of it, or nothing
    assert [counted(*said, until=TEN + timedelta(seconds=seconds))[0].state for seconds in (329, 331)] == ["active"] * 2


@pytest.mark.parametrize(("who", "closed_at"), [("agent", 86460), ("system", 86430), ("assistant", 86430)])
def test_people_have_longer_and_only_a_persons_word_breaks_the_silence(who: str, closed_at: int) -> None:
    # Given a conversation that was escalated, and one more word
    said = heard(0, "start"), heard(30, "escalation", "bot", topic="CreditCard"), heard(60, "line", who)
    # Then it ends a day after the last word of a customer, a bot or an agent
    [one] = counted(*said)
    assert one.silences == [TEN + timedelta(seconds=closed_at)]


def test_the_second_bot_takes_its_topic_once() -> None:
    # Given an escalation to fabrikam's second bot, and the second bot's own
    start = heard(0, "start", tenant="fabrikam")
    first = heard(10, "escalation", "bot", tenant="fabrikam", topic="Technical")
    second = heard(20, "escalation", "bot", tenant="fabrikam")
    soon = TEN + timedelta(seconds=30)
    # Then the one leaves the conversation with a bot, the other one with people
    assert counted(start, first, until=soon)[0].state == "active"
    assert counted(start, first, second, until=soon)[0].state == "open"


def test_where_there_are_people_only_thirty_days_end_a_conversation() -> None:
    start = heard(0, "start", tenant="fabrikam", work_stream="BackOfficeWorkStream")
    month = timedelta(days=30)
    assert counted(start, until=TEN + month - timedelta(seconds=1))[0].state == "open"
    assert counted(start, until=TEN + month)[0].state == "closed, other"


def test_a_thread_goes_on_in_a_next_conversation() -> None:
    # Given a Telegram chat in which nobody spoke for an hour, and then a bot's and a customer's word
    chat: dict[str, Any] = {"tenant": "northwind", "threaded": True}
    said = [heard(0, "line", text="Hello", **chat), heard(4000, "line", "bot", text="Late", **chat)]
    said += [heard(4010, "line", text="Again", **chat)]
    # Then the bot's belongs to the conversation that is over, and the customer's begins one
    first, second = counted(*said, until=TEN + timedelta(seconds=4020))
    assert first.lines == ["Hello", "Still there? Take your time 🙂", "See you!", "Late"]
    assert (second.lines, second.begun, second.state) == (["Again"], said[2].at, "active")


def test_who_names_a_conversation_that_fell_silent_is_heard_in_a_next_one_too() -> None:
    # Given an event's conversation that ended in silence, and what is said in it afterwards
    said = [heard(0, "start"), heard(2000, "line", "bot", text="Late"), heard(2010, "line", text="Again")]
    said += [heard(2020, "line", "bot", text="Welcome")]
    # Then all stays in its transcript, and from the customer's word on is a conversation of its own
    first, second = counted(*said, until=TEN + timedelta(seconds=2030))
    assert first.lines == ["Are you still there?", "Goodbye.", "Late", "Again", "Welcome"]
    assert second.lines == ["Again", "Welcome"]


def test_after_an_end_that_somebody_spoke_nothing_follows_and_nothing_counts() -> None:
    # Given a conversation with people that ended, and a bot's and a customer's word after it
    start = heard(0, "start", topic="CreditCard")
    end = heard(10, "end", "agent", reason="resolved")
    said = [start, heard(20, "line", "bot", text="How did we do?"), heard(30, "line", text="5")]
    # Then it counts as long as the end is not known, and no longer
    assert counted(*said)[0].invoked is not None
    [one] = counted(*said, end)
    assert (one.invoked, one.state, one.lines) == (None, "closed, resolved", ["How did we do?", "5"])
