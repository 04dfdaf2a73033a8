"""The difference between two conversations is what has to happen; and which facts cost only an append."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.blind_append import changes_head
from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, TellThread
from shared.conversations.fact import Fact
from shared.conversations.fold import fold
from shared.conversations.ports import Head
from shared.effects.reconcile import reconcile
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.tenants.history import History
from shared.usage.ledger import read_row
from shared.wire import replace
from tests.builders import changed, contoso, ended, escalated, fact_of, history, message, started

NOW = parse_time("2026-11-20T12:00:00Z")
THREAD = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}


def folded(*events: Event) -> Conversation:
    return fold("contoso", "c1", [fact_of(event, NOW) for event in events], history(contoso()))


def head_of(conversation: Conversation, archived: int = 0) -> Head:
    """The head of the conversation, which is checked again in five minutes."""
    return Head(conversation=conversation, revision=1, outbox={}, due_at=NOW + timedelta(minutes=5), archived=archived)


def test_a_conversation_that_begins_posts_its_row() -> None:
    effects = reconcile(None, folded(started()), 1)
    row = effects["ledger:2026-10"]
    assert isinstance(row, Contribute)
    assert (row.row.standing, read_row(row.row).bots, row.row.revision) == ("counted", ("contoso-bot",), 1)


def test_what_does_not_touch_the_bill_posts_nothing() -> None:
    before = folded(started())
    after = folded(started(), ended(at="2026-10-05T11:00:00Z"))
    assert reconcile(before, after, 2) == {}


def test_an_end_that_comes_before_its_start_closes_the_thread_once_that_is_known() -> None:
    # Given an end of which nobody knows the thread, when the start says it, then its interval is closed
    end = ended(at="2026-10-05T11:00:00Z")
    before, after = folded(end), folded(started(channel=THREAD), end)
    assert "thread" not in reconcile(None, before, 1)
    assert reconcile(before, after, 2)["thread"] == reconcile(folded(started(channel=THREAD)), after, 2)["thread"]
    assert "thread" not in reconcile(after, after, 3)


def test_a_session_that_moves_leaves_a_tombstone() -> None:
    # Given a session of November that turns out to be October's
    before = folded(escalated(at="2026-11-01T00:00:10Z"))
    after = folded(escalated(at="2026-11-01T00:00:10Z"), started(at="2026-10-31T23:59:00Z"))
    effects = reconcile(before, after, 2)
    # Then both months hear of it, under the same revision
    rows = {name: read_row(effect.row) for name, effect in effects.items() if isinstance(effect, Contribute)}
    assert {name: (row.excluded, row.revision) for name, row in rows.items()} == {
        "ledger:2026-10": (None, 2),
        "ledger:2026-11": ("moved", 2),
    }


def test_an_end_closes_the_thread_and_an_earlier_end_again() -> None:
    begun = folded(started(channel=THREAD))
    over = folded(started(channel=THREAD), ended(at="2026-10-05T11:00:00Z"))
    earlier = folded(started(channel=THREAD), ended(at="2026-10-05T11:00:00Z"), ended(at="2026-10-05T10:30:00Z"))
    for before, after, at in ((begun, over, "2026-10-05T11:00:00Z"), (over, earlier, "2026-10-05T10:30:00Z")):
        effect = reconcile(before, after, 2)["thread"]
        assert isinstance(effect, TellThread)
        assert effect.share.closed_at == parse_time(at)


_seconds = st.integers(0, 60).map(lambda n: (parse_time("2026-10-31T23:59:30Z") + timedelta(seconds=n)).isoformat())
_lines = st.builds(
    lambda at, role, author, smart: message(
        at=at, author={"role": role, "id": author, "smartAssist": smart and role == "bot"}
    ),
    _seconds,
    st.sampled_from(["customer", "bot", "agent", "system"]),
    st.sampled_from(["contoso-bot", "other", "7d0cae1c-0000-4000-8000-000000000001"]),
    st.booleans(),
) | st.builds(lambda at: changed(at=at), _seconds)
_facts = st.lists(
    st.one_of(
        _lines,
        st.builds(lambda at: started(at=at), _seconds),
        st.builds(lambda at: started(at=at, context_variables={"BotHandoffTopic": "HomeLoan"}), _seconds),
        st.builds(lambda at: escalated(at=at), _seconds),
        st.builds(lambda at: ended(at=at), _seconds),
    ),
    max_size=6,
)


@given(_facts, _lines)
def test_a_line_that_is_only_appended_really_changes_no_head(
    events: list[Event], line: MessagePosted | MessageChanged
) -> None:
    # Given any conversation and one more line
    head = folded(*events)
    if not changes_head(head_of(head), fact_of(line, NOW), history(contoso()), NOW):
        # Then, where the line costs only an append, the fold with it is the fold without it
        with_line = folded(*events, line)
        assert with_line.without_lines() == head.without_lines()


def test_most_lines_are_only_appended() -> None:
    # Given a conversation that a bot has, and whose bot has spoken, and one that an agent has
    bots = head_of(folded(started(), message(at="2026-10-05T10:00:05Z", role="bot")))
    agents = head_of(folded(started(), message(at="2026-10-05T10:00:05Z", role="agent")))

    def changes(head: Head, role: str, **data: Any) -> bool:
        line = fact_of(message(at="2026-10-05T10:00:06Z", role=role, **data), NOW)
        return changes_head(head, line, history(contoso()), NOW)

    assert not any(changes(bots, role) for role in ("customer", "bot", "system"))
    assert not any(changes(agents, role) for role in ("customer", "agent", "system"))
    # But an agent's line gives the conversation to its agent
    assert changes(bots, "agent")
    assert changes(agents, "agent", author_id="ben")
    # unless only agents see it
    assert not changes(bots, "agent", visibility="private")


def test_a_line_that_nobody_would_notice_unanswered_is_noted_in_the_head() -> None:
    # Given a conversation that is checked again only in a month, as the customer does not owe an answer
    conversation = folded(started(), message(at="2026-10-05T10:00:05Z", role="agent"))
    head = replace(head_of(conversation), due_at=NOW + timedelta(days=30))
    # When the customer writes, then the head must learn when to check it
    line = fact_of(message(at="2026-10-05T10:00:06Z"), NOW)
    assert changes_head(head, line, history(contoso()), NOW)
    soon = replace(head, due_at=NOW + timedelta(minutes=9))
    assert not changes_head(soon, line, history(contoso()), NOW)


def test_an_undeclared_agents_line_adds_its_warning() -> None:
    # Given a conversation that an agent has
    head = head_of(folded(started(), message(at="2026-10-05T10:00:05Z", role="agent")))
    lines = [message(at="2026-10-05T10:00:06Z", role="agent", author_id=who) for who in ("ana", "stranger")]
    # Then a declared agent's line is only appended, and a stranger's is not
    assert [changes_head(head, fact_of(line, NOW), history(contoso()), NOW) for line in lines] == [False, True]


def test_a_line_before_the_end_is_only_appended_until_the_archive_takes_what_there_is() -> None:
    # Given a conversation that ended, as after an outage of which ends come before lines
    closed = folded(started(), ended(at="2026-10-05T10:10:00Z"))
    line = fact_of(message(at="2026-10-05T10:00:06Z"), NOW)
    # Then a line costs an append while nobody archives it, and more than that if it is archived, or about to be
    assert not changes_head(head_of(closed), line, history(contoso()), NOW)
    assert changes_head(head_of(closed, archived=2), line, history(contoso()), NOW)
    assert changes_head(replace(head_of(closed), due_at=NOW + timedelta(seconds=59)), line, history(contoso()), NOW)
    # and more if it is later than the end, or the conversation never started
    later = fact_of(message(at="2026-10-05T10:11:00Z"), NOW)
    assert changes_head(head_of(closed), later, history(contoso()), NOW)
    assert changes_head(head_of(folded(ended(at="2026-10-05T10:10:00Z"))), line, history(contoso()), NOW)


def test_a_line_before_the_start_is_only_appended_if_it_is_not_the_first() -> None:
    waiting = head_of(folded(message(at="2026-10-05T10:00:05Z")))
    assert not changes_head(waiting, fact_of(message(at="2026-10-05T10:00:06Z"), NOW), history(contoso()), NOW)
    assert changes_head(waiting, fact_of(message(at="2026-10-05T10:00:04Z"), NOW), history(contoso()), NOW)


def test_a_bots_first_word_is_not_only_appended(
    changes_head: Callable[[Head, Fact, History, datetime], bool] = changes_head,
) -> None:
    # Given a conversation that people have, and one that a bot has without a word so far
    for head in (folded(started(context_variables={"BotHandoffTopic": "HomeLoan"})), folded(started())):
        # When another bot says its first word, then it belongs on the bill
        line = message(at="2026-10-05T10:00:06Z", role="bot", author_id="other")
        assert changes_head(head_of(head), fact_of(line, NOW), history(contoso()), NOW)
