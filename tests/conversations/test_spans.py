"""Spans: no delay, order or repetition of what a channel says adds a bot session."""

from collections.abc import Sequence
from typing import Any

import pytest

from tests.conversations.pipelines import InMemory
from tests.conversations.spans import Happening, counted, happening, lines, played, shown, tenant


def customer(at: float, stored: float | None = None, says: float | None = None) -> Happening:
    return happening("customer", at, stored, says)


def bot(at: float, stored: float | None = None) -> Happening:
    return happening("bot", at, stored)


def agent(at: float, stored: float | None = None) -> Happening:
    return happening("agent", at, stored)


def escalation(at: float, stored: float | None = None) -> Happening:
    return happening("escalation", at, stored)


def end(at: float, stored: float | None = None) -> Happening:
    return happening("end", at, stored)


def customers_end(at: float, stored: float | None = None) -> Happening:
    return happening("customersEnd", at, stored)


DAY = 24 * 60
PEOPLE: dict[str, Any] = {"starts_with": "people"}
CASES: dict[str, tuple[dict[str, Any], Sequence[Happening], int]] = {
    "1 a late answer of the bot": ({}, [customer(0), bot(1), bot(10, 40), customer(20)], 1),
    "2 a late escalation": ({}, [customer(0), escalation(1, 60), bot(2), customer(20)], 1),
    "3 a late line of the agent": ({"open": 60}, [customer(0), escalation(1), agent(5, 90), customer(70)], 1),
    "4 a fail-over": ({"fail_over": 2}, [customer(0, 9), bot(10), customer(60)], 1),
    "5 three conversations, one span": (
        {}, [customer(0), bot(1), agent(2, 40), customer(20), bot(21), customer(50)], 1,
    ),
    "6 the holder is taken over, not the moment": (
        {"agent": 40}, [customer(0), bot(1), agent(2, 40), customer(20), bot(21), customer(100)], 1,
    ),
    "7 the end goes on with the line of 5": (
        {**PEOPLE, "agent": 15}, [customer(0), agent(1), customer(5, 60), customers_end(10, 90), bot(61)], 0,
    ),
    "8 the bot's line of 6 belongs to the second conversation": (
        PEOPLE, [customer(0), agent(1), end(2), bot(6), customer(5, 7), bot(8)], 1,
    ),
    "9 a copy": ({}, [customer(0), bot(1), end(2), bot(6), customer(5, 7), bot(6, 9)], 2),
    "10 thirty minutes from openUntil": ({**PEOPLE, "agent": 15}, [customer(0), agent(1, 20), bot(50)], 0),
    "11 a bot at the end of an open conversation": ({**PEOPLE, "agent": 15}, [customer(0), agent(1, 49), bot(50)], 0),
    "12 the line of 10 stands in one conversation": (
        {}, [customer(0), bot(1), customer(10, 40), customers_end(12, 60)], 1,
    ),
    "13 a private line hides nothing": (
        {}, [customer(0), bot(1), happening("note", 6), customer(5, 60), customer(20)], 1,
    ),
    "13 also where the later line comes last": (
        {}, [customer(0), bot(1), happening("note", 6), customer(5, 60), customer(20, 61)], 1,
    ),
    "14 thirty days are an end for silence": (
        {}, [customer(0), escalation(1), customer(29.9 * DAY, 31 * DAY), customer(32 * DAY)], 1,
    ),
    "14 also where an escalation begins it": (
        {}, [escalation(1), customer(29.9 * DAY, 31 * DAY), customer(32 * DAY)], 1,
    ),
    "15 a clock that is ahead": ({}, [customer(0), bot(1), customer(2, says=6), end(3)], 1),
    "the holder that was taken over ends it by its own policy": (
        {}, [customer(0), bot(1), bot(10, 40), customer(20), bot(21), customer(60), bot(61)], 2,
    ),
    "a late answer keeps the bot's conversation from people": (
        {"fail_over": 2}, [customer(0, 9), end(10), bot(1, 20)], 1,
    ),
    "an end that is older than its conversation": ({}, [end(0, 20), customer(16), bot(17)], 1),
    "people who go on after a late line of theirs": (
        {**PEOPLE, "open": 10}, [customer(0), agent(2, 600), agent(33), agent(34)], 0,
    ),
    "a bot's line between a late end and what goes on after it": (
        {**PEOPLE, "open": 10}, [customer(1, 3000), end(6, 408), bot(37, 500), customer(68)], 0,
    ),
    "a new stretch is routed anew, as a new conversation would be": (
        {**PEOPLE, "agent": 15, "open": 60}, [customer(0), agent(5, 55), customer(36), end(1536), bot(1541)], 0,
    ),
    "a bot's end after silence ended the conversation": (
        {**PEOPLE, "open": 10}, [customer(0, 9), happening("closingHandOff", 14, 15)], 0,
    ),
    "an assumed start asks for no answer": (
        {**PEOPLE, "agent": 15}, [agent(31), customer(0, 40), happening("note", 47)], 0,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
async def test_what_is_billed_once_all_is_quiet_is_what_prompt_delivery_gives(name: str) -> None:
    configured, happenings, sessions = CASES[name]
    pipeline = await InMemory().configured(tenant(**configured))
    await played(pipeline, happenings)
    assert await counted(pipeline) == sessions
    # and every line is shown once
    assert await shown(pipeline) == lines(happenings)
    # and the stored heads are what the facts give
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    assert await pipeline.parked.parked("contoso") == []


async def test_16_a_late_end_may_take_a_session_away_and_adds_none() -> None:
    pipeline = await InMemory().configured(tenant())
    happenings = [customer(0), bot(1), end(2, 60), customer(3), bot(4), customer(25)]
    await played(pipeline, happenings)
    assert await counted(pipeline) <= 3
    assert await shown(pipeline) == lines(happenings)
