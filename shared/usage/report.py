"""A month's usage report: built from at most 31 day documents."""

import calendar
import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from shared.events.envelope import format_time
from shared.tenants.history import History
from shared.usage.bot_session import POLICY
from shared.usage.entitlement import ADD_ON_PRODUCT, Entitlement, add_ons_needed, entitlement
from shared.usage.ledger import DayCounts
from shared.wire import WireModel, canonical_json


class Day(WireModel):
    """Sessions of one date (yyyy-mm-dd, the tenant's calendar)."""

    date: str
    sessions: int


class UsageReport(WireModel):
    """What finance reads. `sha256` covers the canonical JSON without `asOf` and itself.

    `by_bot` counts a session under the bot that was invoked first, so each breakdown adds up to `counted`.
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


def build_report(
    tenant_id: str,
    month: str,
    days: Mapping[str, DayCounts],
    history: History,
    as_of: datetime,
    previous: UsageReport | None,
) -> UsageReport:
    """The report of an open month. It is `previous` anew, with the next version number, where the content differs."""
    pool = entitlement(history.at(min(as_of, _end(month))).configuration, month)
    totals = _totals(days)
    counted = totals["counted", ""]
    overage = max(0, counted - pool.total)
    year, number = int(month[:4]), int(month[5:])
    dates = [f"{month}-{day:02}" for day in range(1, calendar.monthrange(year, number)[1] + 1)]
    report = UsageReport(
        tenant_id=tenant_id,
        month=month,
        status="open",
        version=previous.version if previous else 1,
        policy=POLICY,
        time_zone=history.time_zone(month),
        counted=counted,
        excluded=_breakdown(totals, "excluded"),
        entitlement=pool,
        remaining=max(0, pool.total - counted),
        overage=overage,
        add_ons_needed=add_ons_needed(overage),
        add_on_product=ADD_ON_PRODUCT,
        days=tuple(Day(date=date, sessions=days.get(date, {}).get(("counted", ""), 0)) for date in dates),
        by_bot=_breakdown(totals, "byBot"),
        by_channel=_breakdown(totals, "byChannel"),
        by_work_stream=_breakdown(totals, "byWorkStream"),
        corrections=(),
        as_of=format_time(as_of),
        sha256="",
    )
    if previous is not None and _digest(report) != previous.sha256:
        report = report.model_copy(update={"version": previous.version + 1})
    return report.model_copy(update={"sha256": _digest(report)})


def _end(month: str) -> datetime:
    """The last moment of the month: what is bought later, and every later version, says nothing about it."""
    first = datetime.fromisoformat(f"{month}-01T00:00:00+00:00")
    following = (first + timedelta(days=31)).replace(day=1) if month < "9999-12" else datetime.max.replace(tzinfo=UTC)
    return following - timedelta(microseconds=1)


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
