"""What every ConversationStore promises about lists: filters, orders, pages whose work is bounded, places that stay."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import count, product
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.conversations.conversation import Conversation, ConversationWarning, WarningCode
from shared.conversations.holder import Stay
from shared.conversations.lists import Filter, Selection, Sort, listed
from shared.conversations.ports import ConversationStore, Head
from shared.conversations.silence_policy import Attention
from shared.conversations.state import TRANSITIONS, State
from shared.errors import InvalidRequest
from shared.events.data import ChannelReference
from shared.events.envelope import format_time, parse_time
from shared.wire import replace
from tests.builders import escalated as escalated_event
from tests.builders import fact_of

NOW = parse_time("2026-11-20T12:00:00Z")
SORTS: tuple[Sort, ...] = ("started", "activity", "waiting")
VALUES: dict[Filter, Sequence[str]] = {
    "state": tuple(TRANSITIONS),
    "queue": ("Q1", "Q2", "nowhere"),
    "bot": ("b1", "b2"),
    "channel": ("webchat", "app"),
    "attention": ("bot-silent",),
    "warning": get_args(WarningCode)[:3],
}
TENANTS = (f"tenant-{n}" for n in count())


def head(
    tenant_id: str,
    key: str,
    state: State = "open",
    minute: int = 0,
    *,
    active: int | None = None,
    escalated: int | None = None,
    channel: str | None = "webchat",
    warnings: Sequence[WarningCode] = (),
    attention: Attention | None = None,
    **members: Any,
) -> Head:
    """A head whose conversation started in this minute, and was last active so many minutes later.

    If it is in a queue, it has been there since its escalation, or else since its start.
    """
    started_at, queue = at(minute), members.get("queue")
    came = format_time(at(minute if escalated is None else escalated))
    since = fact_of(escalated_event(at=came), at(60)).order
    conversation = Conversation(
        tenant_id=tenant_id,
        conversation_id=key,
        key=key,
        state=state,
        started_at=started_at,
        last_activity_at=at(minute if active is None else active),
        stays=(Stay(since=since, holder="queue", id=queue),) if queue else (),
        channel=ChannelReference(account_id="a", channel_id=channel) if channel else None,
        warnings=tuple(ConversationWarning(code=code, detail="d") for code in warnings),
        **members,
    )
    return Head(conversation=conversation, revision=1, outbox={}, attention=attention)


def at(minute: int) -> datetime:
    return NOW + timedelta(minutes=minute)


async def stored(store: ConversationStore, *heads: Head) -> str:
    """Store the heads; their tenant."""
    for one in heads:
        await store.commit(one.conversation.tenant_id, one.conversation.key, (), one, None)
    return heads[0].conversation.tenant_id


async def found(store: ConversationStore, tenant_id: str, selection: Selection, limit: int = 10) -> list[str]:
    """The keys of all pages of a list."""
    keys: list[str] = []
    after = None
    for _ in range(100):
        page = await store.heads(tenant_id, selection, after, limit)
        assert len(page.heads) <= limit
        keys += [one.conversation.key for one in page.heads]
        after = page.continuation
        if after is None:
            return keys
    raise AssertionError("the pages do not end")


def some(tenant_id: str) -> list[Head]:
    return [
        head(tenant_id, "c1", "open", 3, queue="Q1", escalated=5, active=9),
        head(tenant_id, "c2", "active", 1, queue="Q1", bot="b1", attention="bot-silent"),
        head(tenant_id, "c3", "active", 2, queue="Q2", bot="b2", channel="app", active=2),
        head(tenant_id, "c4", "closed", 0, queue="Q2", bot="b2", warnings=["unknown_bot", "unknown_channel"]),
        head(tenant_id, "c5", "open", 4, queue="Q1", channel=None),
        head(tenant_id, "c6", "closed", 2, queue="Q1", active=20, warnings=["unknown_bot"]),
    ]


@pytest.mark.parametrize(
    ("filters", "sort", "expected"),
    [
        ({}, "started", "516324"),
        ({}, "activity", "615324"),
        ({}, "waiting", "51"),
        ({"state": "active"}, "started", "32"),
        ({"state": "closed"}, "activity", "64"),
        ({"state": "open"}, "waiting", "51"),
        ({"state": "closed"}, "waiting", ""),
        ({"queue": "Q1"}, "started", "5162"),
        ({"queue": "Q1"}, "waiting", "51"),
        ({"queue": "q1"}, "started", ""),
        ({"queue": ""}, "started", ""),
        ({"bot": "b2"}, "started", "34"),
        ({"bot": "b2"}, "waiting", ""),
        ({"channel": "app"}, "activity", "3"),
        ({"channel": "webchat"}, "waiting", "1"),
        ({"attention": "bot-silent"}, "started", "2"),
        ({"attention": "bot-silent"}, "waiting", ""),
        ({"warning": "unknown_bot"}, "started", "64"),
        ({"warning": "unknown_channel"}, "activity", "4"),
        ({"warning": "unknown_bot"}, "waiting", ""),
        ({"state": "active", "queue": "Q2"}, "started", "3"),
        ({"state": "closed", "warning": "unknown_bot", "queue": "Q2"}, "activity", "4"),
        ({"state": "open", "queue": "Q1", "channel": "webchat"}, "waiting", "1"),
    ],
)
async def test_a_list_is_filtered_sorted_and_cut_into_pages(
    conversations: ConversationStore, filters: dict[Filter, str], sort: Sort, expected: str
) -> None:
    tenant_id = await stored(conversations, *some("contoso"))
    for limit in (1, 2, 10):
        keys = await found(conversations, tenant_id, Selection(filters, sort=sort), limit)
        assert "".join(key[1:] for key in keys) == expected


@pytest.mark.parametrize("sort", SORTS)
async def test_a_list_is_bounded_by_the_start(conversations: ConversationStore, sort: Sort) -> None:
    # Given conversations that started in the minutes 0 to 4
    heads = some("contoso")
    tenant_id = await stored(conversations, *heads)
    # Then a list may begin with one minute, and ends before another
    for since, until in product([None, *range(6)], repeat=2):
        selection = Selection({}, at(since) if since else None, at(until) if until else None, sort)
        expected = {one.conversation.key for one in heads if selection.has(listed(one))}
        assert set(await found(conversations, tenant_id, selection, 2)) == expected
        assert all(
            (since or 0) <= (one.conversation.started_at or NOW).minute < (until or 60)
            for one in heads
            if one.conversation.key in expected
        )


async def test_heads_of_one_moment_come_by_key(conversations: ConversationStore) -> None:
    tenant_id = await stored(conversations, *(head("contoso", key) for key in ("b", "d", "a", "c")))
    for limit in (1, 3):
        assert await found(conversations, tenant_id, Selection(sort="started"), limit) == ["d", "c", "b", "a"]
        assert await found(conversations, tenant_id, Selection(sort="waiting"), limit) == []


@given(
    st.lists(
        st.builds(
            head,
            tenant_id=st.just("contoso"),
            key=st.text("abc", min_size=1, max_size=4),
            state=st.sampled_from(VALUES["state"]),
            minute=st.integers(0, 3),
            active=st.integers(3, 5),
            escalated=st.none() | st.integers(3, 5),
            channel=st.sampled_from(VALUES["channel"]),
            warnings=st.lists(st.sampled_from(VALUES["warning"]), unique=True, max_size=2),
            attention=st.none() | st.just("bot-silent"),
            queue=st.none() | st.sampled_from(VALUES["queue"]),
            bot=st.none() | st.sampled_from(VALUES["bot"]),
        ),
        min_size=1,
        max_size=12,
        unique_by=lambda one: one.conversation.key,
    ),
    st.builds(
        Selection,
        st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in VALUES.items()}),
        st.none() | st.integers(0, 3).map(at),
        st.none() | st.integers(0, 3).map(at),
        st.sampled_from(SORTS),
    ),
    st.integers(1, 5),
)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_every_combination_of_filters_leaves_what_it_says(
    conversations: ConversationStore, heads: list[Head], selection: Selection, limit: int
) -> None:
    # Given any heads of a tenant of its own
    tenant_id = next(TENANTS)
    for one in heads:
        own = replace(one, conversation=replace(one.conversation, tenant_id=tenant_id))
        await conversations.commit(tenant_id, one.conversation.key, (), own, None)
    # Then a list has those that all filters leave, in its order
    left = [(listed(one).moment(selection.sort), one.conversation.key) for one in heads if selection.has(listed(one))]
    expected = sorted(left, reverse=selection.newest_first)
    assert await found(conversations, tenant_id, selection, limit) == [key for _, key in expected]


@pytest.mark.parametrize("sort", SORTS)
async def test_a_place_stays_where_its_head_is_gone(conversations: ConversationStore, sort: Sort) -> None:
    # Given a list of which one page was read
    heads = [head("contoso", f"c{n}", "open", n, queue="Q") for n in range(6)]
    tenant_id = await stored(conversations, *heads)
    selection = Selection({"queue": "Q"}, sort=sort)
    first = await conversations.heads(tenant_id, selection, None, 2)
    whole = await found(conversations, tenant_id, selection)
    # When the last head of the page is deleted, another one begins, and one that was read is no longer in the list
    last, moved = first.heads[-1].conversation.key, first.heads[0]
    await conversations.delete(tenant_id, last, (await conversations.load(tenant_id, last)).etag or "")
    elsewhere = replace(moved, conversation=replace(moved.conversation, queue="R"))
    etag = (await conversations.load(tenant_id, moved.conversation.key)).etag or ""
    await conversations.save_head(tenant_id, moved.conversation.key, elsewhere, etag)
    # Then the next page begins where the first one ended
    page = await conversations.heads(tenant_id, selection, first.continuation, 10)
    assert [one.conversation.key for one in page.heads] == whole[2:]
    assert await found(conversations, tenant_id, Selection({"queue": "R"}, sort=sort)) == [moved.conversation.key]


async def test_a_head_is_in_the_lists_of_what_it_is_now(conversations: ConversationStore) -> None:
    # Given a head that waits, with a warning
    one = head("contoso", "c1", "open", queue="Q", warnings=["unknown_bot"])
    tenant_id = await stored(conversations, one)
    # When it is written again, with everything changed
    changed = head("contoso", "c1", "closed", 1, queue="R", bot="b", channel="app", attention="bot-silent")
    etag = await conversations.save_head(
        tenant_id, "c1", changed, (await conversations.load(tenant_id, "c1")).etag or ""
    )
    # Then it is in no list of what it was, and in those of what it is
    old: list[dict[Filter, str]] = [
        {"state": "open"}, {"queue": "Q"}, {"channel": "webchat"}, {"warning": "unknown_bot"},
    ]  # fmt: skip
    new: list[dict[Filter, str]] = [
        {"state": "closed"}, {"queue": "R"}, {"bot": "b"}, {"channel": "app"}, {"attention": "bot-silent"},
    ]  # fmt: skip
    for filters in old:
        assert await found(conversations, tenant_id, Selection(filters, sort="started")) == []
    for filters in new:
        assert await found(conversations, tenant_id, Selection(filters, sort="activity")) == ["c1"]
    # and in none once it is deleted
    await conversations.delete(tenant_id, "c1", etag)
    for filters in new:
        assert await found(conversations, tenant_id, Selection(filters, sort="started")) == []


@pytest.mark.parametrize("continuation", ["", "c1", "~", "x~c1", "9" * 30 + "~c1"])
@pytest.mark.parametrize("selection", [Selection(sort="started"), Selection(), Selection({"customer": "k"})])
async def test_a_continuation_that_no_answer_had_is_refused(
    conversations: ConversationStore, selection: Selection, continuation: str
) -> None:
    with pytest.raises(InvalidRequest):
        await conversations.heads("contoso", selection, continuation, 10)


async def test_a_continuation_of_another_list_is_refused(conversations: ConversationStore) -> None:
    tenant_id = await stored(conversations, *[head("contoso", f"c{n}", "open", n, queue="Q") for n in range(3)])
    for one, other in ((Selection(), Selection(sort="started")), (Selection(sort="activity"), Selection())):
        page = await conversations.heads(tenant_id, one, None, 1)
        with pytest.raises(InvalidRequest):
            await conversations.heads(tenant_id, other, page.continuation, 1)


def test_a_list_by_key_has_no_filter_but_the_customers() -> None:
    for wrong in ({"queue": "Q"}, {"customer": "k", "state": "open"}):
        with pytest.raises(ValueError, match="by key"):
            Selection(wrong)  # type: ignore[arg-type]  # the names are filters
    with pytest.raises(ValueError, match="by key"):
        Selection({"customer": "k"}, sort="started")
