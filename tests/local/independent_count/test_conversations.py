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


@pytest.mark.parametrize(("who", "closed_at"), [("agent", 60 + 30 * 86400), ("system", 86430), ("assistant", 86430)])
def test_people_have_longer_and_only_a_persons_word_breaks_the_silence(who: str, closed_at: int) -> None:
    # Given a conversation that was escalated, and one more word
    said = heard(0, "start"), heard(30, "escalation", "bot", topic="CreditCard"), heard(60, "line", who)
    # Then it ends a day after the last word while it waits, and 30 days after that of an agent, who has it then
    end = TEN + timedelta(seconds=closed_at)
    [one] = counted(*said, until=end)
    assert one.silences == [end]


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
    assert counted(start, until=TEN + month)[0].state == "closed, inactivity"


def test_a_thread_goes_on_in_a_next_conversation() -> None:
    # Given a Telegram chat in which nobody spoke for an hour, and then a bot's and a customer's word
    chat: dict[str, Any] = {"tenant": "northwind", "threaded": True}
    said = [heard(-10, "line", text="Hello", **chat), heard(0, "line", "bot", text="Hi", **chat)]
    said += [heard(4000, "line", "bot", text="Late", **chat)]
    said += [heard(4010, "line", text="Again", **chat)]
    # Then the bot's belongs to the conversation that is over, and the customer's begins one
    first, second = counted(*said, until=TEN + timedelta(seconds=4020))
    assert first.lines == ["Hello", "Hi", "Still there? Take your time 🙂", "See you!", "Late"]
    assert (second.lines, second.begun, second.state) == (["Again"], said[-1].at, "active")


def test_who_names_a_conversation_that_fell_silent_is_heard_in_a_next_one() -> None:
    # Given an event's conversation that ended in silence, and what is said in it afterwards
    said = [heard(0, "start"), heard(10, "line", "bot", text="Hi")]
    said += [heard(2000, "line", "bot", text="Late"), heard(2010, "line", text="Again")]
    said += [heard(2020, "line", "bot", text="Welcome")]
    # Then a conversation of its own begins with the customer's word
    first, second = counted(*said, until=TEN + timedelta(seconds=2030))
    assert first.lines == ["Hi", "Are you still there?", "Goodbye.", "Late"]
    assert second.lines == ["Again", "Welcome"]


@pytest.mark.parametrize(("asked", "counts"), [(20, True), (10 + 1800, True), (10 + 1801, False)])
def test_after_an_end_only_a_bots_word_counts_and_only_for_half_an_hour(asked: int, counts: bool) -> None:
    # Given a conversation with people that ended, and a bot's and a customer's word after it
    start = heard(0, "start", topic="CreditCard")
    end = heard(10, "end", "agent", reason="resolved")
    said = [start, heard(asked, "line", "bot", text="How did we do?"), heard(2000, "line", text="5")]
    # Then it is the bot's from its word on as long as the end is not known, and from the end on afterwards
    assert counted(*said)[0].invoked == TEN + timedelta(seconds=asked)
    [one] = counted(*said, end)
    assert (one.invoked, one.state) == (end.at if counts else None, "closed, resolved")
    assert one.lines == ["How did we do?", "5"]
