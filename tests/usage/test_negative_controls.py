"""The tests of usage notice sums with a rest, forecasts that are too sure, and ledgers that forget."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings

from shared.usage.apportionment import apportion
from shared.usage.closing import Closing
from shared.usage.correction import Correction
from shared.usage.forecast import Forecast, Range, forecast
from shared.usage.monthly_usage import MonthlyUsage, UsageReports
from shared.usage.report import Obstacle, UsageReport
from tests.effects.test_corrections import (
    check_a_correction_in_a_month_that_is_closed_by_then_is_corrected_in_the_next,
    check_a_month_whose_counters_are_not_its_rows_does_not_close_and_says_which_day,
    check_a_report_from_before_the_closing_never_takes_the_place_of_the_closed_one,
)
from tests.fakes import MemoryLedger
from tests.usage.back_test import scores
from tests.usage.test_charge_back import WEIGHTS, WHOLES, check_the_parts_add_up_to_the_whole
from tests.usage.test_forecast import (
    ANY_MONTH,
    check_a_forecast_holds_together,
    check_past_months_would_have_been_foretold,
)
from tests.usage.test_posting import check_a_lower_revision_that_comes_after_a_higher_one_corrects_nothing

UNSHRUNK = settings.get_profile("unshrunk")


class ForgetsCorrections(MemoryLedger):
    async def correction(self, tenant_id: str, month: str, correction_id: str) -> Correction | None:
        return None


async def test_a_correction_does_not_know_of_those_before_it() -> None:
    with pytest.raises(AssertionError, match=r"\[\('counts', 1\)\]"):
        await check_a_correction_in_a_month_that_is_closed_by_then_is_corrected_in_the_next(ForgetsCorrections())


class WritesChangesOnly(MemoryLedger):
    async def correct(self, tenant_id: str, correction: Correction) -> int:
        return await super().correct(tenant_id, correction) if correction.changes else 0


async def test_a_correction_of_nothing_is_not_written_down() -> None:
    with pytest.raises(AssertionError, match="Counter"):
        await check_a_lower_revision_that_comes_after_a_higher_one_corrects_nothing(WritesChangesOnly())


class ClosesUnchecked(Closing):
    async def close(self, tenant_id: str, month: str, first: str) -> tuple[Obstacle, ...]:
        await self.ledger.close(tenant_id, month, await self.ledger.books(tenant_id, month), self.clock.now())
        return ()


async def test_a_month_is_not_checked_before_it_closes() -> None:
    def unchecked(usage: MonthlyUsage) -> MonthlyUsage:
        return replace(usage, closing=ClosesUnchecked(**vars(usage.closing)))

    with pytest.raises(AssertionError, match=r"\('closed', \[\]\) == \('closing'"):
        await check_a_month_whose_counters_are_not_its_rows_does_not_close_and_says_which_day(unchecked)


class Believed:
    """Reports of which a run takes the version that it added for the latest, whoever was faster."""

    def __init__(self, reports: UsageReports) -> None:
        self._reports = reports
        self._added: UsageReport | None = None

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None:
        return self._added or await self._reports.latest(tenant_id, month)

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        await self._reports.add(tenant_id, report)
        self._added = report


async def test_a_closed_report_gives_way_to_an_older_one() -> None:
    def believing(usage: MonthlyUsage) -> MonthlyUsage:
        return replace(usage, reports=Believed(usage.reports))

    with pytest.raises(AssertionError, match=r"\('closing', 1\) == \('closed', 2\)"):
        await check_a_report_from_before_the_closing_never_takes_the_place_of_the_closed_one(believing)


def rounded_down(whole: int, weights: Mapping[str, int]) -> dict[str, int]:
    total = sum(weights.values())
    return {part: min(n, whole * weights[part] // total) if n else 0 for part, n in apportion(whole, weights).items()}


def test_what_is_left_of_a_whole_is_dropped() -> None:
    @UNSHRUNK
    @given(WHOLES, WEIGHTS)
    def check(whole: int, weights: dict[str, int]) -> None:
        check_the_parts_add_up_to_the_whole(whole, weights, rounded_down)

    with pytest.raises(AssertionError, match="sum"):
        check()


def halved(limits: Range) -> Range:
    low, high = ((limit + limits.expected) / 2 for limit in (limits.low, limits.high))
    return Range(low, limits.expected, high)


def too_sure(report: UsageReport) -> Forecast:
    said = forecast(report)
    path = tuple(replace(one, used=halved(one.used)) for one in said.path)
    return replace(said, total=halved(said.total) if said.total else None, path=path)


def test_a_forecast_is_surer_than_it_can_be() -> None:
    with pytest.raises(AssertionError, match="sample traffic"):
        check_past_months_would_have_been_foretold(scores(too_sure, pools=()))


def with_falling_limits(report: UsageReport) -> Forecast:
    """Each day's lower limit is as far from what is expected as its upper one, however low the one before it was."""
    said = forecast(report)
    used = [replace(one.used, low=2 * one.used.expected - one.used.high) for one in said.path]
    path = tuple(replace(one, used=limits) for one, limits in zip(said.path, used, strict=True))
    return replace(said, total=used[-1] if used else None, path=path)


def test_a_forecasts_limits_fall() -> None:
    @UNSHRUNK
    @given(*ANY_MONTH)
    def check(days: Sequence[int], number: int, pool: int, hour: int) -> None:
        check_a_forecast_holds_together(days, number, pool, hour, with_falling_limits)

    with pytest.raises(AssertionError, match=r"\.low"):
        check()
