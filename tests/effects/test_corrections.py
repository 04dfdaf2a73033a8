"""Closing months, and what comes late: a closed month never changes, and with its corrections it tells the truth."""

import csv
import io
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from shared.tenants.configuration import Configuration, Licence
from shared.usage.correction import CORRECTIONS, Correction
from shared.usage.ledger import Books, Ledger
from shared.usage.monthly_usage import MonthlyUsage
from shared.usage.posting import post_or_correct
from shared.usage.render.focus import render_focus
from shared.usage.report import MAX_LISTED, UsageReport
from tests.builders import contoso, ended, escalated, fact_of, message, started
from tests.conversations.pipelines import InMemory, Pipelines
from tests.conversations.test_record import Power, PowerCut, Powered
from tests.fakes import MemoryConversations, MemoryLedger, MemoryReports
from tests.usage.test_ledger_row import row as old_row

OCTOBER, NOVEMBER, DECEMBER = "2026-10", "2026-11", "2026-12"
CARD = {"BotHandoffTopic": "CreditCard"}
"""With it a conversation goes to people, and a bot is invoked only when it speaks."""


Usage = Callable[[MonthlyUsage], MonthlyUsage]
"""Makes another use case of the one that is wired."""


def as_wired(usage: MonthlyUsage) -> MonthlyUsage:
    return usage


async def at(
    moment: str,
    in_memory: Pipelines = InMemory,
    usage: Usage = as_wired,
    since: str = "2026-10-01T00:00:00Z",
    **ports: Any,
) -> InMemory:
    """A pipeline with contoso, which was first configured at `since`, at this time."""
    pipeline = in_memory(clock=MovableClock(parse_time(moment)), **ports)
    await pipeline.configured(since=parse_time(since))
    pipeline.usage = usage(pipeline.usage)
    return pipeline


async def close(pipeline: InMemory, moment: str) -> None:
    """Move the clock there, and run the roll-up."""
    pipeline.clock.advance(parse_time(moment) - pipeline.clock.now())
    await pipeline.usage.roll_up_all()


async def report(pipeline: InMemory, month: str) -> UsageReport:
    return await pipeline.usage.report("contoso", month)


async def corrections(pipeline: InMemory, month: str) -> list[Correction]:
    return list((await pipeline.ledger.corrections("contoso", month, None, 1000)).corrections)


def spoken(at: str, conversation: str = "c1") -> Event:
    """A bot's word, which makes its conversation a session."""
    return message(conversation, at=at, role="bot")


async def test_what_comes_after_the_closing_is_a_correction_of_the_open_month() -> None:
    # Given October, closed with one session
    pipeline = await at("2026-11-20T12:00:00Z")
    await pipeline.record(started("c1"))
    await pipeline.usage.roll_up_all()
    october = await report(pipeline, OCTOBER)
    assert (october.status, october.counted, october.as_of) == ("closed", 1, "2026-11-20T12:00:00Z")
    # When another one of October arrives, and again, and November has one of its own
    pipeline.clock.advance(timedelta(hours=1))
    late = started("c2", at="2026-10-06T10:00:00Z")
    await pipeline.record(late, late, started("c3", at="2026-11-20T12:30:00Z"))
    # Then October is what it was, to the byte, and November lists one dated correction with its reason and origin
    assert (await report(pipeline, OCTOBER)).to_json() == october.to_json()
    november = await report(pipeline, NOVEMBER)
    assert (november.status, november.counted, november.corrected, november.invoiced) == ("open", 1, 1, 0)
    assert november.remaining == november.entitlement.total - 1
    assert november.correction_count == 1
    # and what October's pool makes of it
    assert [(one.month, one.before, one.after, one.pool, one.sessions) for one in november.due] == [
        (OCTOBER, 1, 2, 200, 0)
    ]
    [listed] = november.corrections
    assert listed["occasion"] == {
        "factId": fact_of(late, pipeline.clock.now()).id,
        "type": "conversation.started",
        "receivedAt": "2026-11-20T13:00:00Z",
    }
    assert {name: listed[name] for name in ("recordedAt", "reason", "conversationId", "originMonth", "day")} == {
        "recordedAt": "2026-11-20T13:00:00Z",
        "reason": "late",
        "conversationId": "c2",
        "originMonth": OCTOBER,
        "day": "2026-10-06",
    }
    assert (listed["sessions"], listed["changes"]) == (
        1,
        [
            {"day": "2026-10-06", "measure": "byBot", "dimension": "contoso-bot", "change": 1},
            {"day": "2026-10-06", "measure": "byChannel", "dimension": "contoso-chat/webchat", "change": 1},
            {"day": "2026-10-06", "measure": "byWorkStream", "dimension": "ChatWorkStream", "change": 1},
            {"day": "2026-10-06", "measure": "counted", "dimension": "", "change": 1},
        ],
    )
    assert (await pipeline.rebuild.compare("contoso")).differences == []


FIRST: tuple[Event, ...] = (started(context_variables=CARD), spoken("2026-10-05T11:00:30Z"))
RECALL = ended(at="2026-10-05T10:00:10Z")
"""An end long before the bot spoke: no session."""
AGAIN = spoken("2026-10-05T10:00:05Z")
"""An earlier word of the bot, before that end: a session after all."""


async def test_a_session_that_is_recalled_and_counts_again_leaves_no_correction() -> None:
    # Given a session of October, which is closed
    pipeline = await at("2026-11-20T12:00:00Z")
    await pipeline.record(*FIRST)
    await pipeline.usage.roll_up_all()
    # When it turns out to be none, then it is taken away
    await pipeline.record(RECALL)
    assert [(one.reason, one.sessions) for one in await corrections(pipeline, NOVEMBER)] == [("recalled", -1)]
    assert (await report(pipeline, NOVEMBER)).corrected == -1
    assert (await report(pipeline, NOVEMBER)).excluded == {}
    # and when it is one after all, then nothing is left to correct
    await pipeline.record(AGAIN)
    assert await corrections(pipeline, NOVEMBER) == []
    november = await report(pipeline, NOVEMBER)
    assert (november.corrected, november.correction_count, november.due) == (0, 0, ())
    assert await pipeline.books_balance()


async def test_a_correction_in_a_month_that_is_closed_by_then_is_corrected_in_the_next() -> None:
    await check_a_correction_in_a_month_that_is_closed_by_then_is_corrected_in_the_next(MemoryLedger())


async def check_a_correction_in_a_month_that_is_closed_by_then_is_corrected_in_the_next(ledger: Ledger) -> None:
    # Given a session of October that was taken away in November, which is closed, too
    pipeline = await at("2026-11-20T12:00:00Z", ledger=ledger)
    await pipeline.record(*FIRST)
    await pipeline.usage.roll_up_all()
    await pipeline.record(RECALL)
    await close(pipeline, "2026-12-09T02:30:00Z")
    november = await report(pipeline, NOVEMBER)
    assert (november.status, november.corrected) == ("closed", -1)
    # When it turns out to be one after all, then December gives it back, and November stays
    await pipeline.record(AGAIN)
    assert [(one.reason, one.sessions) for one in await corrections(pipeline, DECEMBER)] == [("counts", 1)]
    assert (await report(pipeline, NOVEMBER)).to_json() == november.to_json()
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_session_that_moves_into_a_closed_month_is_taken_out_of_the_open_one() -> None:
    # Given a session of November, and October closed without it
    pipeline = await at("2026-11-20T12:00:00Z")
    await pipeline.record(escalated(at="2026-11-01T00:00:10Z", context_variables=CARD), started("c0"))
    await pipeline.usage.roll_up_all()
    # When its start of October arrives
    await pipeline.record(started(at="2026-10-31T23:59:50Z"))
    # Then it counts once, as a correction
    november = await report(pipeline, NOVEMBER)
    assert (november.counted, november.corrected) == (0, 1)
    assert [(one.reason, one.origin_month) for one in await corrections(pipeline, NOVEMBER)] == [("late", OCTOBER)]
    assert (await report(pipeline, OCTOBER)).counted == 1


async def test_a_session_that_moves_out_of_a_closed_month_counts_once() -> None:
    # Given a session that a bot's word of October makes one, with an escalation in November
    pipeline = await at("2026-11-20T12:00:00Z")
    word, escalation = spoken("2026-10-31T23:59:59Z"), escalated(at="2026-11-01T00:00:10Z")
    await pipeline.record(word, escalation)
    await pipeline.usage.roll_up_all()
    assert (await report(pipeline, OCTOBER)).counted == 1
    # When its start of November arrives: it sorts first, and the word counts nevertheless where it was said
    await pipeline.record(started(at="2026-11-01T00:00:05Z", context_variables=CARD))
    november = await report(pipeline, NOVEMBER)
    assert november.counted + november.corrected == 0
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_correction_may_fall_into_a_month_that_is_closing() -> None:
    # Given September closed, and October over but in its grace
    pipeline = await at("2026-10-09T00:00:00Z", since="2026-09-01T00:00:00Z")
    await pipeline.record(started("c0", at="2026-09-05T10:00:00Z"))
    await pipeline.usage.roll_up_all()
    assert (await report(pipeline, "2026-09")).status == "closed"
    await close(pipeline, "2026-11-03T00:00:00Z")
    assert (await report(pipeline, OCTOBER)).status == "closing"
    # When a session of September arrives, then it is October's correction, and is closed with it
    await pipeline.record(started("c1", at="2026-09-06T10:00:00Z"))
    await close(pipeline, "2026-11-09T00:00:00Z")
    october = await report(pipeline, OCTOBER)
    assert (october.status, october.counted, october.corrected) == ("closed", 0, 1)
    assert [one["conversationId"] for one in october.corrections] == ["c1"]


async def test_a_month_closes_when_its_grace_is_over_and_not_before() -> None:
    pipeline = await at("2026-10-31T23:59:59Z")
    await pipeline.record(started("c1", at="2026-10-31T23:59:58Z"))
    for moment, status in [
        ("2026-10-31T23:59:59.9Z", "open"),
        ("2026-11-01T00:00:00Z", "closing"),
        ("2026-11-08T23:59:59Z", "closing"),
        ("2026-11-09T00:00:00Z", "closed"),
    ]:
        await close(pipeline, moment)
        assert (await report(pipeline, OCTOBER)).status == status
    # Then the closing time stands in the report, and does not move
    first = await report(pipeline, OCTOBER)
    assert (first.as_of, first.closes_at, first.rows) == ("2026-11-09T00:00:00Z", "2026-11-09T00:00:00Z", 1)
    await close(pipeline, "2027-03-01T00:00:00Z")
    assert (await report(pipeline, OCTOBER)).to_json() == first.to_json()
    assert (await pipeline.reports.latest("contoso", OCTOBER)) == first


async def test_a_run_catches_up_with_all_that_was_missed_and_closes_months_without_rows() -> None:
    # Given sessions of June and September, and no run until November
    pipeline = await at("2026-09-20T00:00:00Z", since="2026-06-30T23:59:59Z")
    for day in ("2026-06-05", "2026-09-05"):
        await pipeline.record(started(day, at=f"{day}T10:00:00Z"))
    await close(pipeline, "2026-11-03T00:00:00Z")
    # Then all is closed that is due, also what nobody used
    statuses = [(await report(pipeline, f"2026-{month:02}")).status for month in range(6, 12)]
    assert statuses == ["closed"] * 4 + ["closing", "open"]
    # and what comes late for July is a correction of October, which is the earliest month that is open
    await pipeline.record(started("c1", at="2026-07-06T10:00:00Z"))
    assert [one.origin_month for one in await corrections(pipeline, OCTOBER)] == ["2026-07"]
    # and another run changes nothing
    before = [(await report(pipeline, f"2026-{month:02}")).to_json() for month in range(6, 10)]
    await pipeline.usage.roll_up_all()
    assert await pipeline.usage.roll_up_all() == 0
    assert [(await report(pipeline, f"2026-{month:02}")).to_json() for month in range(6, 10)] == before


def with_a_pool_of_50() -> Configuration:
    licence = Licence(product="Chat", quantity=1, effective=date(2026, 1, 1))
    return contoso().model_copy(update={"licences": (licence,), "add_ons": ()})


@pytest.mark.parametrize(("december", "sessions", "add_ons"), [(10, 0, 0), (50, 1, 1)])
async def test_a_late_session_of_december_uses_nothing_of_januarys_pool(
    december: int, sessions: int, add_ons: int
) -> None:
    # Given December, closed, whose pool of 50 covers one more session or does not, and a January that used its own
    pipeline = InMemory(clock=MovableClock(parse_time("2026-12-01T00:00:00Z")))
    await pipeline.configured(with_a_pool_of_50(), since=parse_time("2026-12-01T00:00:00Z"))
    await close(pipeline, "2027-01-09T02:30:00Z")
    await pipeline.record(*(started(f"j{n}", at="2027-01-05T10:00:00Z") for n in range(50)))
    own = await report(pipeline, "2027-01")
    december_rows = [started(f"d{n}", at="2026-12-05T10:00:00Z") for n in range(december + 1)]
    # When December's sessions become known late
    await pipeline.record(*december_rows)
    january = await report(pipeline, "2027-01")
    # Then January's pool, overage and add-ons are what they were
    names = ("counted", "remaining", "overage", "add_ons_needed", "days", "by_bot")
    assert {name: getattr(january, name) for name in names} == {name: getattr(own, name) for name in names}
    assert (january.counted, january.overage, january.add_ons_needed, january.remaining) == (50, 0, 0, 0)
    # and what December's pool does not cover is due apart
    [due] = january.due
    assert (due.month, due.after, due.pool, due.sessions, due.add_ons) == (
        "2026-12", december + 1, 50, sessions, add_ons,
    )  # fmt: skip
    assert (january.invoiced, january.add_ons_invoiced) == (sessions, add_ons)


async def test_months_close_in_order_from_that_of_the_first_configuration_also_without_rows() -> None:
    # Given a tenant that was first configured in August, and has its first session in October
    pipeline = await at("2026-11-20T12:00:00Z", since="2026-08-31T23:59:59Z")
    await pipeline.record(started("c1", at="2026-10-05T10:00:00Z"))
    assert await pipeline.usage.roll_up_all() == 3
    # Then all months from August on are closed, and later rows of each are corrections
    overview = await pipeline.usage.overview("contoso", None)
    assert [(month.month, month.status) for month in overview.months] == [
        (NOVEMBER, "open"), (OCTOBER, "closed"), ("2026-09", "closed"), ("2026-08", "closed"),
    ]  # fmt: skip
    assert list(await pipeline.ledger.months("contoso")) == ["2026-08", "2026-09", OCTOBER]
    await pipeline.record(started("c2", at="2026-08-05T10:00:00Z"), started("c3", at="2026-09-05T10:00:00Z"))
    assert [one.origin_month for one in await corrections(pipeline, NOVEMBER)] == ["2026-08", "2026-09"]
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_tenant_without_any_row_closes_its_months_too() -> None:
    pipeline = await at("2026-11-20T12:00:00Z")
    await pipeline.usage.roll_up_all()
    assert (await report(pipeline, OCTOBER)).status == "closed"


async def test_a_month_before_the_first_configuration_is_closed_and_empty() -> None:
    # Given a tenant that was first configured in October, which is still open
    pipeline = await at("2026-10-20T12:00:00Z", since="2026-10-15T08:00:00Z")
    before = await report(pipeline, "2026-09")
    assert (before.status, before.counted, before.rows, before.as_of) == ("closed", 0, 0, "2026-10-15T08:00:00Z")
    # When sessions of September become known, and one of them turns out to be none
    word, end = spoken("2026-09-05T11:00:30Z"), ended(at="2026-09-05T10:00:10Z")
    await pipeline.record(started("c2", at="2026-09-06T10:00:00Z"))
    await pipeline.record(started(at="2026-09-05T10:00:00Z", context_variables=CARD), word, end)
    # Then they are corrections of October, rated with September's pool, and September stays as it is
    october = await report(pipeline, OCTOBER)
    assert [(one.month, one.before, one.after, one.sessions) for one in october.due] == [("2026-09", 0, 1, 0)]
    assert (october.counted, october.remaining) == (0, october.entitlement.total)
    assert await report(pipeline, "2026-09") == before
    assert list(await pipeline.ledger.months("contoso")) == [OCTOBER]
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    # and they stay so when October is closed
    await close(pipeline, "2026-11-09T00:00:00Z")
    await pipeline.record(spoken("2026-09-05T10:00:05Z"))
    assert [(one.month, one.before, one.after) for one in (await report(pipeline, NOVEMBER)).due] == [("2026-09", 1, 2)]
    assert (await pipeline.rebuild.compare("contoso")).differences == []


async def test_a_start_of_the_year_0001_makes_nobody_go_through_its_millennia() -> None:
    # Given a row of the year 0001
    pipeline = await at("2026-11-20T12:00:00Z")
    row = old_row("c1", day="0001-01-05")
    # When it is posted, and the months are rolled up, then as many months are looked at as there are since October
    ledger = Counting(pipeline.ledger)
    await post_or_correct(ledger, "contoso", row, None, OCTOBER)
    assert [(one.origin_month, one.month) for one in await corrections(pipeline, OCTOBER)] == [("0001-01", OCTOBER)]
    pipeline.usage = replace(pipeline.usage, ledger=ledger, closing=replace(pipeline.usage.closing, ledger=ledger))
    await pipeline.usage.roll_up_all()
    overview = await pipeline.usage.overview("contoso", None)
    assert [month.month for month in overview.months] == [NOVEMBER, OCTOBER]
    assert ledger.asked <= {OCTOBER, NOVEMBER, "0001-01"}


class Counting(MemoryLedger):
    """A ledger that notes for which months its books or corrections were asked."""

    def __init__(self, ledger: Ledger) -> None:
        vars(self).update(vars(ledger))
        self.asked = set[str]()

    async def books(self, tenant_id: str, month: str) -> Books:
        self.asked.add(month)
        return await super().books(tenant_id, month)

    async def correct(self, tenant_id: str, correction: Correction) -> int:
        self.asked.add(correction.month)
        return await super().correct(tenant_id, correction)


async def test_the_grace_is_the_tenants() -> None:
    patient = contoso().model_copy(update={"closing_grace_days": 20})
    pipeline = await InMemory(clock=MovableClock(parse_time("2026-11-01T00:00:00Z"))).configured(patient)
    await pipeline.record(started())
    for moment, status in [("2026-11-20T23:59:59Z", "closing"), ("2026-11-21T00:00:00Z", "closed")]:
        await close(pipeline, moment)
        assert (await report(pipeline, OCTOBER)).status == status


async def test_a_month_whose_counters_are_not_its_rows_does_not_close_and_says_which_day() -> None:
    await check_a_month_whose_counters_are_not_its_rows_does_not_close_and_says_which_day(as_wired)


async def check_a_month_whose_counters_are_not_its_rows_does_not_close_and_says_which_day(usage: Usage) -> None:
    # Given a ledger in which somebody edited a day of October, and September in order
    ledger = MemoryLedger()
    pipeline = await at("2026-11-20T12:00:00Z", usage=usage, since="2026-09-30T00:00:00Z", ledger=ledger)
    await pipeline.record(started("c0", at="2026-09-05T10:00:00Z"), started("c1"), started("c2"))
    counters = ledger.counters("contoso", OCTOBER, "2026-10-05")
    counters["counted", ""] += 1
    # When the months are to be closed
    await pipeline.usage.roll_up_all()
    # Then October stays as it is and says why, and September is closed
    october = await report(pipeline, OCTOBER)
    assert (october.status, [(one.code, one.days) for one in october.obstacles]) == (
        "closing",
        [("days_differ", ("2026-10-05",))],
    )
    assert (await report(pipeline, "2026-09")).status == "closed"
    # and when the ledger is mended, then it closes
    counters["counted", ""] -= 1
    await pipeline.usage.roll_up_all()
    october = await report(pipeline, OCTOBER)
    assert (october.status, october.obstacles, october.counted) == ("closed", (), 2)


async def test_counters_of_corrections_are_checked_too() -> None:
    ledger = MemoryLedger()
    pipeline = await at("2026-11-20T12:00:00Z", ledger=ledger)
    await pipeline.record(started("c0"))
    await pipeline.usage.roll_up_all()
    await pipeline.record(started("c1"))
    ledger.counters("contoso", NOVEMBER, CORRECTIONS)[f"counted-{OCTOBER}", ""] += 1
    await close(pipeline, "2026-12-09T00:00:00Z")
    november = await report(pipeline, NOVEMBER)
    assert [(one.code, one.days) for one in november.obstacles] == [("days_differ", ("corrections",))]
    assert (await pipeline.rebuild.compare("contoso")).differences == [
        "2026-11: the counters of corrections are not what these add up to"
    ]


async def test_a_month_closes_with_the_rows_that_a_crash_left_in_an_outbox(in_memory: Pipelines = InMemory) -> None:
    # Given a crash after the commit of a session of October, in the last moment before the closing
    ledger: Any = Powered(MemoryLedger(), Power(1, done=False))
    pipeline = await at("2026-11-09T00:00:00Z", in_memory, ledger=ledger)
    with pytest.raises(PowerCut):
        await pipeline.record(started("c1"))
    await pipeline.record(started("c2"))
    # When October is due, then that row is posted first
    await pipeline.usage.roll_up_all()
    october = await report(pipeline, OCTOBER)
    assert (october.status, october.counted, october.obstacles) == ("closed", 2, ())


async def test_a_report_lists_some_corrections_and_counts_all() -> None:
    # Given October closed, and more late sessions than a report lists
    pipeline = await at("2026-11-20T12:00:00Z")
    await pipeline.record(started())
    await pipeline.usage.roll_up_all()
    late = MAX_LISTED + 5
    for number in range(late):
        await pipeline.record(started(f"late-{number:03}"))
    november = await report(pipeline, NOVEMBER)
    assert (len(november.corrections), november.correction_count, november.corrected) == (MAX_LISTED, late, late)
    # and FOCUS bills what all of them make due, not only those that are listed
    assert november.invoiced == 1 + late - november.due[0].pool == 56
    billed = csv.DictReader(io.StringIO(render_focus(november), newline=""))
    assert sum(int(line["ConsumedQuantity"]) for line in billed) == 56
    # Then the evidence has them all
    page = await pipeline.usage.evidence("contoso", NOVEMBER, None, None)
    assert len(page.corrections) == late


class FailingOnce(MemoryReports):
    """Reports that cannot be read the first time."""

    failed = False

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        if not self.failed:
            self.failed = True
            raise ConnectionError
        return await super().latest(tenant_id, month)


async def test_a_month_that_fails_does_not_keep_others_waiting() -> None:
    # Given a store that fails once
    pipeline = await at("2026-11-20T12:00:00Z", since="2026-09-01T00:00:00Z", reports=FailingOnce())
    await pipeline.record(started("c0", at="2026-09-05T10:00:00Z"), started("c1"))
    # When the months are rolled up, then the failure is told, and the other month has its report
    with pytest.raises(ExceptionGroup):
        await pipeline.usage.roll_up_all()
    october = await report(pipeline, OCTOBER)
    assert [(one.code, one.detail) for one in october.obstacles] == [
        ("earlier_month_open", "2026-09 is not closed yet")
    ]
    assert await pipeline.reports.latest("contoso", "2026-09") is None
    # and the next run closes both, in order
    assert await pipeline.usage.roll_up_all() == 2
    assert [(await report(pipeline, month)).status for month in ("2026-09", OCTOBER)] == ["closed", "closed"]


class Outdone(MemoryReports):
    """Reports to which another run adds one just before this run does."""

    def __init__(self, rival: UsageReport) -> None:
        super().__init__()
        self.rivals = [rival]

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        if self.rivals:
            await super().add(tenant_id, self.rivals.pop())
        await super().add(tenant_id, report)


async def test_a_report_from_before_the_closing_never_takes_the_place_of_the_closed_one() -> None:
    await check_a_report_from_before_the_closing_never_takes_the_place_of_the_closed_one(as_wired)


async def check_a_report_from_before_the_closing_never_takes_the_place_of_the_closed_one(usage: Usage) -> None:
    # Given a run that has seen the month open, and stores what it saw when another run has closed it
    pipeline = await at("2026-11-08T00:00:00Z")
    await pipeline.record(started())
    rival = await report(pipeline, OCTOBER)
    reports = Outdone(rival)
    slow = await at("2026-11-09T00:00:00Z", usage=usage, reports=reports)
    await slow.record(started())
    await slow.usage.roll_up_all()
    # Then the last version is the closed one
    latest = await reports.latest("contoso", OCTOBER)
    assert latest is not None
    assert (latest.status, latest.version) == ("closed", rival.version + 1)


async def story(pipeline: InMemory, crashes: list[str]) -> None:
    """Sessions, closings, corrections of closed months, and their closing; each step again where it crashed."""

    async def surely(step: Any) -> None:
        try:
            await step()
        except (PowerCut, ExceptionGroup) as crash:
            crashes.append(str(crash))
            await step()

    for event in (*FIRST, started("c2", at="2026-10-31T23:59:59Z")):
        await surely(lambda event=event: pipeline.record(event))
    steps: list[tuple[str, list[Event]]] = [
        ("2026-11-09T02:30:00Z", [RECALL, started("c3", at="2026-10-06T10:00:00Z")]),
        ("2026-12-09T02:30:00Z", [AGAIN, message("c2", at="2026-10-30T23:00:00Z", role="bot", author_id="second")]),
        ("2027-01-09T02:30:00Z", []),
    ]
    for moment, late in steps:
        pipeline.clock.advance(parse_time(moment) - pipeline.clock.now())
        await surely(pipeline.usage.roll_up_all)
        for event in late:
            await surely(lambda event=event: pipeline.record(event))


async def told(pipeline: InMemory) -> tuple[dict[str, str], list[Correction]]:
    """The reports of all months, and all corrections, without the number of commits."""
    months = (OCTOBER, NOVEMBER, DECEMBER)
    found = [one for month in months for one in await corrections(pipeline, month)]
    reports = {month: (await report(pipeline, month)).to_json() for month in months}
    return reports, [one.model_copy(update={"revision": 0}) for one in found]


@pytest.mark.parametrize("done", [False, True])
async def test_a_crash_at_any_operation_leaves_the_same_bytes_and_the_same_corrections(done: bool) -> None:
    # Given what is closed and corrected without a crash
    calm = await at("2026-11-09T00:00:00Z")
    await story(calm, [])
    expected = await told(calm)
    assert [(one.month, one.key, one.reason, one.sessions) for one in expected[1]] == [
        (NOVEMBER, "c1", "recalled", -1),
        (NOVEMBER, "c3", "late", 1),
        (DECEMBER, "c1", "counts", 1),
        (DECEMBER, "c2", "changed", 0),
    ]
    crashes: list[str] = []
    for operations in range(1, 400):
        # When the power is cut at the n-th operation of any store, and what was cut is done again
        power = Power(operations, done=done)
        stores: dict[str, Any] = {
            "conversations": Powered(MemoryConversations(), power),
            "ledger": Powered(MemoryLedger(), power),
            "reports": Powered(MemoryReports(), power),
        }
        pipeline = await at("2026-11-09T00:00:00Z", **stores)
        await story(pipeline, crashes)
        if power.left > 0:
            break
        power.left = -1
        # Then every closed report is the same to the byte, each correction is there once, and the books balance
        assert await told(pipeline) == expected
        assert await pipeline.books_balance()
    # An operation that is refused is refused before the power is cut.
    assert len(crashes) > 80
    assert done or len(crashes) == operations - 1


_FACTS: tuple[Event, ...] = (
    *FIRST,
    RECALL,
    AGAIN,
    escalated(at="2026-11-01T00:00:10Z", context_variables=CARD),
    started(at="2026-09-30T23:59:59Z", event_id="an earlier start"),
    message(at="2026-09-30T23:59:59.5Z", role="bot", smart_assist=True),
    started("c2", at="2026-10-31T23:59:59Z"),
    ended("c2", at="2026-10-31T23:59:58Z"),
)
_CLOSINGS: tuple[datetime, ...] = tuple(
    parse_time(f"{month}-09T02:30:00Z") for month in ("2026-12", "2027-01", "2027-02")
)


@given(order=st.permutations(_FACTS), pauses=st.lists(st.integers(0, 9), min_size=3, max_size=3), data=st.data())
@settings(max_examples=150, deadline=None)
async def test_in_whatever_order_facts_and_closings_come_books_and_corrections_tell_the_truth(
    order: list[Event], pauses: list[int], data: st.DataObject
) -> None:
    # Given facts in any order, with closings anywhere between them
    pipeline = await at("2026-11-08T00:00:00Z")
    closed: dict[str, str] = {}
    for number in range(len(order) + 1):
        for moment in [moment for pause, moment in zip(sorted(pauses), _CLOSINGS, strict=True) if pause == number]:
            pipeline.clock.advance(moment - pipeline.clock.now())
            await pipeline.usage.roll_up_all()
            for month in await pipeline.ledger.months("contoso"):
                latest = await pipeline.reports.latest("contoso", month)
                if latest is not None and latest.status == "closed":
                    closed.setdefault(month, latest.to_json())
        # When each comes, and some that came before it come again
        await pipeline.record(*order[number : number + 1])
        if number and data.draw(st.booleans()):
            await pipeline.record(order[data.draw(st.integers(0, number - 1))])
    # Then rows and corrections are what the facts make them, and no closed report has changed
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    assert {month: (await report(pipeline, month)).to_json() for month in closed} == closed
