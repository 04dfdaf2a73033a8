"""A month's usage report: built from at most 31 day documents, and one for corrections."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from shared.events.envelope import format_time
from shared.tenants.history import History
from shared.usage.correction import CORRECTIONS, Correction
from shared.usage.entitlement import ADD_ON_PRODUCT, ADD_ON_SOURCE, Entitlement, add_ons_needed, entitlement
from shared.usage.ledger import DayCounts
from shared.usage.period import closes_at, dates, end_of
from shared.usage.rating import INVOICED
from shared.wire import ExactModel, canonical_json, replace

MAX_LISTED = 250
"""The most corrections in a report, so that it fits into a document; its figures count all, its evidence lists all."""

ObstacleCode = Literal["days_differ", "earlier_month_open", "row_parked", "rows_outstanding"]
"""The reason why a month does not close: counters that its rows do not add up to, or rows that are not posted yet."""


class Day(ExactModel):
    """Sessions of one date (yyyy-mm-dd, the tenant's calendar)."""

    date: str
    sessions: int


class Obstacle(ExactModel):
    """Why the month could not be closed; `days` (yyyy-mm-dd, or `corrections`) have wrong counters."""

    code: ObstacleCode
    detail: str
    days: tuple[str, ...]


@dataclass(frozen=True)
class Settlement:
    """What the books of a month hold beside its own sessions: counters of corrections (`totals`), the first 250
    corrections, the obstacles to its closing, and whether it is closed."""

    totals: DayCounts
    corrections: Sequence[Correction]
    obstacles: tuple[Obstacle, ...]
    closed: bool


UNSETTLED = Settlement({}, (), (), closed=False)


class UsageReport(ExactModel):
    """A month's report for finance. `sha256` covers the canonical JSON without `asOf` and itself.

    `counted` are the month's own sessions; `by_bot` counts a session under the bot that was invoked first, so each
    breakdown adds up to it. `corrected` is what corrections of closed months add or take away, `invoiced` the sum of
    both, from which `remaining`, `overage` and `add_ons_needed` are computed. `rows` is the number of conversations in
    `counted` and `excluded`, `correction_count` that of corrections in `corrected`. `as_of` of a closed month
    is its closing time; until then `closes_at` is when it may close.
    """

    tenant_id: str
    month: str
    status: Literal["open", "closing", "closed"]
    version: int
    policy: str
    time_zone: str
    counted: int
    excluded: dict[str, int]
    entitlement: Entitlement
    remaining: int
    overage: int
    add_ons_needed: int
    add_on_product: str
    days: tuple[Day, ...]
    by_bot: dict[str, int]
    by_channel: dict[str, int]
    by_work_stream: dict[str, int]
    corrections: tuple[dict[str, Any], ...]
    as_of: str
    sha256: str
    rows: int
    corrected: int
    correction_count: int
    invoiced: int
    add_on_source: str
    closes_at: str
    obstacles: tuple[Obstacle, ...]


def build_report(
    tenant_id: str,
    month: str,
    days: Mapping[str, DayCounts],
    history: History,
    as_of: datetime,
    previous: UsageReport | None,
    settlement: Settlement = UNSETTLED,
) -> UsageReport:
    """The report of a month. Its version is that of `previous`, or the next one if the content differs."""
    end = end_of(month, history)
    # A configuration that is in force only after the month's end says nothing about the month.
    pool = entitlement(history.at(min(as_of, end - timedelta(microseconds=1))).configuration, month)
    totals = _totals(days)
    counted, corrected = totals["counted", ""], settlement.totals.get(("counted", ""), 0)
    invoiced = counted + corrected
    excluded = _breakdown(totals, "excluded")
    overage = max(0, invoiced - pool.total)
    report = UsageReport(
        tenant_id=tenant_id,
        month=month,
        status="closed" if settlement.closed else "open" if as_of < end else "closing",
        version=previous.version if previous else 1,
        policy=str(INVOICED),
        time_zone=history.time_zone(month),
        counted=counted,
        excluded=excluded,
        entitlement=pool,
        remaining=max(0, pool.total - max(0, invoiced)),
        overage=overage,
        add_ons_needed=add_ons_needed(overage),
        add_on_product=ADD_ON_PRODUCT,
        days=tuple(Day(date=date, sessions=days.get(date, {}).get(("counted", ""), 0)) for date in dates(month)),
        by_bot=_breakdown(totals, "byBot"),
        by_channel=_breakdown(totals, "byChannel"),
        by_work_stream=_breakdown(totals, "byWorkStream"),
        corrections=tuple(correction_document(correction) for correction in settlement.corrections),
        as_of=format_time(as_of),
        sha256="",
        rows=counted + sum(excluded.values()),
        corrected=corrected,
        correction_count=settlement.totals.get((CORRECTIONS, ""), 0),
        invoiced=invoiced,
        add_on_source=ADD_ON_SOURCE,
        closes_at=format_time(closes_at(month, history, as_of)),
        obstacles=settlement.obstacles,
    )
    if previous is not None and _digest(report) != previous.sha256:
        report = replace(report, version=previous.version + 1)
    return replace(report, sha256=_digest(report))


def correction_document(correction: Correction) -> dict[str, Any]:
    """The correction's JSON for finance, without its revision."""
    return correction.model_dump(mode="json", by_alias=True, exclude={"revision"})


def _digest(report: UsageReport) -> str:
    document = report.model_dump(mode="json", by_alias=True, exclude={"as_of", "sha256"})
    return hashlib.sha256(canonical_json(document).encode()).hexdigest()


def _totals(days: Mapping[str, DayCounts]) -> Counter[tuple[str, str]]:
    totals: Counter[tuple[str, str]] = Counter()
    for counts in days.values():
        totals.update(counts)
    return totals


def _breakdown(totals: Mapping[tuple[str, str], int], measure: str) -> dict[str, int]:
    return {dimension: n for (name, dimension), n in sorted(totals.items()) if name == measure and n}
