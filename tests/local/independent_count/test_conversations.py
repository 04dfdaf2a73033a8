"""Conversations as the count tells them: who has them, how long silence may last, and what begins the next one."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
import yaml

from local.independent_count.conversation import CountedConversation
from local.independent_count.conversations import counted_conversations
from local.independent_count.count import EXAMPLES
from local.independent_count.occurrence import Occurrence
from local.independent_count.reading import occurrences
from local.sample.traffic import OUTAGE
from tests.local.sample.months import MONTH, SEED
from tests.local.sample.months import counted as delivered

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


def in_chat(seconds: float, kind: Any, who: str = "customer", **members: Any) -> Occurrence:
    """Something that happened in a thread of contoso's web chat."""
    return heard(seconds, kind, who, threaded=True, place=("contoso-chat", "webchat"), **members)


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


def test_silence_counts_from_when_a_word_is_known() -> None:
    # Given a bot's answer that an outage holds back for an hour, by which silence would have ended the conversation
    said = [heard(0, "start"), heard(20, "line", text="Hello")]
    said += [heard(30, "line", "bot", text="Hi", posted=TEN + timedelta(hours=1))]
    # When the customer answers soon after it has arrived, then that is in the same conversation, and nobody is reminded
    [one] = counted(*said, heard(3700, "line", text="Thanks"), until=TEN + timedelta(seconds=3700))
    assert (one.lines, one.silences, one.state) == (["Hello", "Hi", "Thanks"], [], "active")
    # and without an answer the reminder and the end come as long after the arrival as otherwise after the word
    [one] = counted(*said)
    assert [(moment - TEN).seconds - 3600 for moment in one.silences] == [300, 900]


@pytest.mark.parametrize(("returns", "continues"), [(1500, True), (1510, True), (1511, False)])
def test_what_was_held_back_says_until_when_a_conversation_would_have_gone_on(returns: int, *, continues: bool) -> None:
    # Given a conversation of contoso that ends in silence, although its bot had said more, which arrives an hour later
    said = [in_chat(0, "start"), in_chat(10, "line", text="Hello"), in_chat(20, "line", "bot", text="Hi")]
    said += [in_chat(610, "line", "bot", text="More", posted=TEN + timedelta(hours=1))]
    # When the customer comes back, then the next conversation is of the same session for as long as silence may last
    # after what the bot had said
    first, second = counted(*said, in_chat(returns, "line", text="Again"))
    assert (first.lines[-1], first.continues, second.continues) == ("More", False, continues)


def test_a_conversation_that_an_outage_kept_open_goes_on_where_the_customer_asks_again() -> None:
    # Given an answer that came so late that silence would have ended the conversation before the customer's next line
    said = [in_chat(0, "start"), in_chat(10, "line", text="Hello")]
    said += [in_chat(20, "line", "bot", text="Hi", posted=TEN + timedelta(hours=1))]
    said += [in_chat(3700, "line", text="Still there?"), in_chat(3710, "line", "bot", text="Yes")]
    # When it ends in silence, and one more answer arrives late, then it counts from the customer's next line on
    said += [in_chat(4400, "line", "bot", text="More", posted=TEN + timedelta(hours=3))]
    first, second = counted(*said, in_chat(5000, "line", text="Again"))
    assert (first.silences[-1] - TEN).seconds == 3710 + 900
    assert second.continues


def test_nobody_is_closed_whose_bot_does_not_answer() -> None:
    # Given a customer of contoso, whose bot does not answer, nor did it greet
    said = heard(0, "start"), heard(20, "line", text="Hello"), heard(90, "line", text="Anybody?")
    # When days pass, then nothing happens but that the customer is seen to wait
    [one] = counted(*said)
    assert (one.silences, one.state, one.attention) == ([], "active", "bot-silent")
    # and an answer ends that
    [one] = counted(*said, heard(120, "line", "bot", text="Hi"), until=TEN + timedelta(seconds=121))
    assert one.attention is None


def test_people_take_over_from_a_silent_bot_where_it_is_configured() -> None:
    # Given a customer of fabrikam whose bot does not answer, where people take over 300 s after the first line
    said = [heard(0, "start", tenant="fabrikam"), heard(20, "line", tenant="fabrikam")]
    said += [heard(90, "line", tenant="fabrikam")]
    [one] = counted(*said, until=TEN + timedelta(seconds=319))
    assert (one.state, one.failed_over) == ("active", False)
    # Then they have it from then on, and who waits for them is closed after their two days
    [one] = counted(*said)
    assert [(moment - TEN).total_seconds() for moment in one.silences] == [320, 320 + 172800]
    # and an agent who answers has it
    agent = heard(900, "line", "agent", tenant="fabrikam")
    [one] = counted(*said, agent)
    assert (one.state, one.attention, len(one.silences)) == ("active", None, 1)


def test_a_start_alone_is_no_question_that_people_take_over() -> None:
    [one] = counted(heard(0, "start", tenant="fabrikam"))
    assert (one.failed_over, one.attention) == (False, "bot-silent")


def test_changes_show_what_a_line_says_and_said_and_nothing_else() -> None:
    # Given a line that is edited before it is known, and then removed, and a customer who is silent since the answer
    said = [heard(0, "start"), heard(10, "line", text="Hello", line="m1", posted=TEN + timedelta(seconds=60))]
    said += [heard(20, "change", text="Hello!", changes="m1"), heard(30, "line", "bot", text="Hi", line="m2")]
    removed = heard(200, "change", changes="m1")
    [one] = counted(*said, removed)
    # Then the line shows nothing any more, and the texts that it had are known
    assert one.lines == [None, "Hi", "Are you still there?", "Goodbye."]
    assert one.changed == ["Hello", "Hello!"]
    # and nobody takes a change for a word: the reminder comes as long after the answer
    assert (one.silences[0] - TEN).seconds == 330


def test_no_delay_adds_a_session() -> None:
    # Given the sample month as it is delivered, and as if word of everything came at once
    month = MONTH(SEED)
    said = occurrences(month.posts, CONFIGURATIONS).recorded
    prompt = counted_conversations([replace(one, posted=None) for one in said], CONFIGURATIONS, month.last)
    # Then the only other sessions are of those conversations that an outage kept open until their customers came back
    kept_open = Counter(one.tenant for one in delivered(SEED) if _kept_open(one))
    assert sessions(prompt) - sessions(delivered(SEED)) == kept_open
    assert not any(one.continues for one in prompt)


def _kept_open(one: CountedConversation) -> bool:
    """True if nobody spoke in it for longer than silence may last, but for what an outage held back."""
    return one.state == "closed, resolved" and any(
        held.known - held.at >= OUTAGE and following.at - held.at > OUTAGE for held, following in pairwise(one.heard)
    )


def sessions(conversations: Iterable[CountedConversation]) -> Counter[str]:
    """The sessions of each tenant."""
    return Counter(one.tenant for one in conversations if one.invoked and not one.continues)
