"""A month's usage report: built from at most 31 day documents, and from what corrections of closed months make due."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from shared.events.envelope import format_time
from shared.strict_json import canonical_json
from shared.tenants.history import History
from shared.usage.correction import Correction
from shared.usage.due import Due
from shared.usage.entitlement import ADD_ON_PRODUCT, ADD_ON_SOURCE, Entitlement, add_ons_needed, entitlement, overage
from shared.usage.ledger import DayCounts
from shared.usage.period import closes_at, dates, end_of, first_month, last_moment
from shared.usage.rating import INVOICED
from shared.wire import ExactModel, replace

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
    """What a report says beside the month's own sessions: what corrections of closed months make `due`, how many
    corrections there are, the first 250 of them, the obstacles to the month's closing, and whether it is closed."""

    due: tuple[Due, ...]
    correction_count: int
    corrections: Sequence[Correction]
    obstacles: tuple[Obstacle, ...]
    closed: bool


UNSETTLED = Settlement((), 0, (), (), closed=False)


class UsageReport(ExactModel):
    """A month's report for finance. `sha256` covers the canonical JSON without `asOf` and itself.

    `counted` are the month's own sessions; `by_bot` counts a session under the bot that was invoked first, so each
    breakdown adds up to it, and `remaining`, `overage` and `add_ons_needed` follow from it. `rows` is the number of
    conversations in `counted` and `excluded`. `corrected` is by how many sessions the corrections that stand in this
    month change closed months, `correction_count` their number, and `due` what they make due, one entry for each
    closed month. `invoiced` are the sessions beyond a pool that are charged with this month: its `overage` and all
    that is due; `add_ons_invoiced` are the add-ons for it. Both may be negative. `as_of` of a closed month is its
    closing time; until then `closes_at` is when it may close.
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
    due: tuple[Due, ...]
    invoiced: int
    add_ons_invoiced: int
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
    pool = _pool(month, history, as_of)
    totals = _totals(days)
    counted, excluded = totals["counted", ""], _breakdown(totals, "excluded")
    beyond = overage(counted, pool.total)
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
        remaining=max(0, pool.total - counted),
        overage=beyond,
        add_ons_needed=add_ons_needed(beyond),
        add_on_product=ADD_ON_PRODUCT,
        days=tuple(Day(date=date, sessions=days.get(date, {}).get(("counted", ""), 0)) for date in dates(month)),
        by_bot=_breakdown(totals, "byBot"),
        by_channel=_breakdown(totals, "byChannel"),
        by_work_stream=_breakdown(totals, "byWorkStream"),
        corrections=tuple(correction_document(correction) for correction in settlement.corrections),
        as_of=format_time(as_of),
        sha256="",
        rows=counted + sum(excluded.values()),
        corrected=sum(one.after - one.before for one in settlement.due),
        correction_count=settlement.correction_count,
        due=settlement.due,
        invoiced=beyond + sum(one.sessions for one in settlement.due),
        add_ons_invoiced=add_ons_needed(beyond) + sum(one.add_ons for one in settlement.due),
        add_on_source=ADD_ON_SOURCE,
        closes_at=format_time(closes_at(month, history, as_of)),
        obstacles=settlement.obstacles,
    )
    if previous is not None and _digest(report) != previous.sha256:
        report = replace(report, version=previous.version + 1)
    return replace(report, sha256=_digest(report))


def _pool(month: str, history: History, as_of: datetime) -> Entitlement:
    """The entitlement of the month as it is known; none of a month before the tenant's first one."""
    if month < first_month(history):
        return Entitlement(licences=0, add_ons=0, total=0)
    return entitlement(history.at(min(as_of, last_moment(month, history))).configuration, month)


@dataclass(frozen=True)
class MonthDocument:
    """What a month's page and files are made from: its report, and the month with which the tenant's books begin."""

    report: UsageReport
    first_month: str


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
