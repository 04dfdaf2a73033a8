"""Ledger rows: what a conversation adds to its day, and that the days always add up to the rows."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contributions.counters import adjustments, recount
from shared.conversations.bot_activity import BotActivity, Invocation
from shared.events.conversation_key import conversation_key
from shared.usage.ledger import LedgerRow, read_row, written_row

Counts = Counter[tuple[str, str]]


def row(conversation: str = "c1", revision: int = 1, day: str = "2026-10-05", **members: Any) -> LedgerRow:
    """A counted session of the sample's bot in the web chat, with some members replaced."""
    usual: dict[str, Any] = {
        "policy": "bot-session-2020/1",
        "month": day[:7],
        "day": day,
        "conversation_id": conversation,
        "key": conversation_key(conversation),
        "revision": revision,
        "excluded": None,
        "started_at": f"{day}T10:00:00Z",
        "proof": Invocation(at=datetime(2026, 10, 5, 10, tzinfo=UTC), bot="b1", through="decision", fact_id="f1"),
        "bots": ("b1",),
        "account": "contoso-chat",
        "channel": "webchat",
        "work_stream": "W",
        "escalated": False,
        "activity": BotActivity(began_on=day),
    }
    return LedgerRow(**usual | members)


COUNTED = {("counted", ""): 1, ("byBot", "b1"): 1, ("byChannel", "contoso-chat/webchat"): 1, ("byWorkStream", "W"): 1}


@pytest.mark.parametrize(
    ("members", "counters"),
    [
        ({}, COUNTED),
        ({"escalated": True}, COUNTED),
        ({"bots": ("b1", "b2")}, COUNTED),
        (
            {"account": None, "channel": None, "work_stream": None},
            {("counted", ""): 1, ("byBot", "b1"): 1, ("byChannel", "unknown"): 1, ("byWorkStream", "unknown"): 1},
        ),
        ({"excluded": "no_bot", "bots": (), "proof": None}, {("excluded", "no_bot"): 1}),
        ({"excluded": "smart_assist_only", "bots": (), "proof": None}, {("excluded", "smart_assist_only"): 1}),
        ({"excluded": "moved"}, {}),
    ],
)
def test_what_a_row_adds_to_its_day(members: dict[str, Any], counters: dict[tuple[str, str], int]) -> None:
    # given a conversation with a bot (one session, however many bots, escalated or not), without one, or moved away
    # then the day's counters get one for each measure, or nothing
    assert row(**members).contributions() == counters


def test_a_first_row_adds_and_the_same_again_changes_nothing() -> None:
    # given a row, when it is posted first, then its day gets what it contributes; posted again, nothing
    assert adjustments(None, row()) == {"2026-10-05": COUNTED}
    assert adjustments(row(), row(revision=2)) == {}


def test_only_what_differs_is_adjusted() -> None:
    # given a session whose earlier first bot becomes known
    corrected = row(revision=2, bots=("b0", "b1"))
    # when its row is replaced, then one bot's counter goes down and the other's up, and the rest stays
    assert adjustments(row(), corrected) == {"2026-10-05": {("byBot", "b1"): -1, ("byBot", "b0"): 1}}


def test_a_session_that_began_on_an_earlier_day_is_taken_away_from_the_later() -> None:
    # given a session whose earlier beginning becomes known
    earlier = row(revision=2, day="2026-10-04")
    # when its row is replaced, then both days change
    taken = dict.fromkeys(COUNTED, -1)
    assert adjustments(row(), earlier) == {"2026-10-04": COUNTED, "2026-10-05": taken}


def test_a_conversation_that_turns_out_to_have_a_bot_is_counted_and_no_longer_excluded() -> None:
    # given a conversation that was posted as one without a bot
    without = row(excluded="no_bot", bots=(), proof=None)
    # when the bot's line arrives, then it moves from one counter to the others
    assert adjustments(without, row(revision=2)) == {"2026-10-05": {**COUNTED, ("excluded", "no_bot"): -1}}


def test_a_tombstone_takes_everything_away() -> None:
    # given a session that turns out to belong to another month
    tombstone = row(revision=2, excluded="moved")
    # when its row becomes a tombstone, then its day loses what it gave, and a recount does not see it
    assert adjustments(row(), tombstone) == {"2026-10-05": dict.fromkeys(COUNTED, -1)}
    assert recount([tombstone]) == {}


class Month:
    """The rows and day counters of one tenant, kept as the ledger's port says: the higher revision stays."""

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], LedgerRow] = {}
        self.days: dict[str, Counts] = {}

    def post(self, new: LedgerRow) -> None:
        old = self.rows.get((new.month, new.key))
        if old is not None and old.revision >= new.revision:
            return
        self.rows[new.month, new.key] = new
        for day, counts in adjustments(old, new).items():
            self.days.setdefault(day, Counter()).update(counts)

    def counters(self) -> dict[str, dict[tuple[str, str], int]]:
        """What is not zero."""
        nonzero = {day: {name: n for name, n in counts.items() if n} for day, counts in self.days.items()}
        return {day: counts for day, counts in nonzero.items() if counts}


SESSIONS = st.fixed_dictionaries(
    {
        "day": st.sampled_from(["2026-10-05", "2026-10-31", "2026-11-01"]),
        "bots": st.sampled_from([("b1",), ("b2",), ("b2", "b1")]),
        "account": st.sampled_from([None, "contoso-chat", "contoso-app"]),
        "work_stream": st.sampled_from([None, "W", "V"]),
        "escalated": st.booleans(),
    }
)
UNCOUNTED = st.fixed_dictionaries(
    {
        "day": st.sampled_from(["2026-10-05", "2026-10-31", "2026-11-01"]),
        "excluded": st.sampled_from(["no_bot", "smart_assist_only", "moved"]),
        "bots": st.just(()),
    }
)
REVISIONS = st.lists(st.tuples(st.sampled_from(["c1", "c2", "x|y"]), SESSIONS | UNCOUNTED), max_size=12)


def posted(rows: list[LedgerRow]) -> Month:
    month = Month()
    for one in rows:
        month.post(one)
    return month


@given(REVISIONS, st.data())
def test_in_whatever_order_rows_are_posted_the_days_are_what_a_recount_of_the_rows_gives(
    revisions: list[tuple[str, dict[str, Any]]], data: st.DataObject
) -> None:
    # given any revisions of some conversations, also across a month's end, and tombstones
    rows = [row(conversation, number, **members) for number, (conversation, members) in enumerate(revisions, 1)]
    # when they are posted in the order in which they were made, and in another order with repetitions
    timely = posted(rows)
    late = posted(data.draw(st.permutations(rows + rows)))
    # then the days' counters equal a recount of the rows that stayed
    assert timely.counters() == recount(timely.rows.values())
    # and both orders leave the same rows and the same counters
    assert (late.rows, late.counters()) == (timely.rows, timely.counters())


@given(REVISIONS)
def test_the_parts_add_up_to_the_whole(revisions: list[tuple[str, dict[str, Any]]]) -> None:
    # given any rows
    rows = [row(f"{conversation}-{number}", **members) for number, (conversation, members) in enumerate(revisions)]
    # when they are counted
    for counts in recount(rows).values():
        whole = counts["counted", ""]
        # then each day's sessions by bot, by channel and by work stream are as many as the sessions
        for measure in ("byBot", "byChannel", "byWorkStream"):
            assert sum(n for (name, _), n in counts.items() if name == measure) == whole
    # and every conversation is counted once, or excluded once, or has moved
    total = Counter[str]()
    for counts in recount(rows).values():
        for (measure, _), n in counts.items():
            total[measure] += n
    assert total["counted"] + total["excluded"] == sum(one.excluded != "moved" for one in rows)


@given(SESSIONS | UNCOUNTED)
def test_a_row_survives_its_store(members: dict[str, Any]) -> None:
    # given any row, when it is written and read, then it is the same
    assert read_row(written_row(row(**members))) == row(**members)
