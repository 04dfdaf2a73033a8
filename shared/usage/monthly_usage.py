"""The monthly roll-up, which stores reports and closes months; and reading reports, overview and evidence."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.errors import InvalidRequest, Mistake
from shared.metrics import OBSTRUCTED
from shared.personal_data import Deleted, keeps
from shared.telemetry import OFF, Telemetry
from shared.tenants.configurations import Configurations
from shared.tenants.history import History
from shared.usage.closing import Closing
from shared.usage.correction import correction_count
from shared.usage.due import due_in
from shared.usage.evidence import EvidencePage, Export, ExportFormat, evidence_page, exported
from shared.usage.ledger import Ledger
from shared.usage.overview import MAX_MONTHS, UsageOverview, month_overview
from shared.usage.period import closes_at, end_of, first_month, following
from shared.usage.report import MAX_LISTED, MonthDocument, Obstacle, Settlement, UsageReport, build_report

_MONTH = re.compile(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])")


@keeps(
    "the ids of the conversations whose corrections it lists, which are made of pseudonyms",
    found_by="the month",
    deleted=Deleted.BY_NOTHING,
    stays="the report",
)
class UsageReports(Protocol):
    """The port to the stored reports; a month's report has versions."""

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None: ...

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        """Store a version of a report; a version that is already stored stays as it is."""
        ...


@dataclass(frozen=True)
class MonthlyUsage:
    """Rolls months up, and reads them. Any month may be rolled up again, at any time: the ledger alone decides."""

    ledger: Ledger
    reports: UsageReports
    configurations: Configurations
    closing: Closing
    clock: Clock
    telemetry: Telemetry = OFF

    async def roll_up_all(self) -> int:
        """Roll up every month of every tenant, and close the months that are due. Returns the number of new reports.

        Late facts may change any open month, and a run may be missed, so each run reads the counters of all months.
        A month that fails does not keep the others waiting: all failures are raised at the end, as one
        ExceptionGroup.
        """
        written = obstructed = 0
        failures: list[Exception] = []
        for tenant_id in await self.configurations.tenants():
            try:
                months = await self._months(tenant_id)
            except Exception as failure:  # of any kind: the next run tries again
                failures.append(failure)
                continue
            for month in months:
                try:
                    new, obstacles = await self._roll_up(tenant_id, month)
                except Exception as failure:  # see above
                    failures.append(failure)
                else:
                    written += new
                    obstructed += bool(obstacles)
        self.telemetry.metrics.show(OBSTRUCTED, obstructed)
        if failures:
            raise ExceptionGroup("months that were not rolled up", failures)
        return written

    async def _months(self, tenant_id: str) -> Sequence[str]:
        """Every month from the tenant's first one to the last that is over, and the later ones with a row.

        Months without a row are closed like the others: what comes for them later is a correction.
        """
        history, now = await self.configurations.of(tenant_id), self.clock.now()
        months, month = [], first_month(history)
        while end_of(month, history) <= now:
            months.append(month)
            month = following(month)
        # Where a clock was set wrong, a row may be in any month: what lies between is not gone through.
        return [*months, *(later for later in await self.ledger.months(tenant_id) if later >= month)]

    async def roll_up(self, tenant_id: str, month: str) -> bool:
        """Close the month, if that is due, and store its report, if the content is new. True if it was new."""
        written, _ = await self._roll_up(tenant_id, month)
        return written

    async def _roll_up(self, tenant_id: str, month: str) -> tuple[bool, tuple[Obstacle, ...]]:
        """Returns True if a report was new, and the obstacles that kept the month from closing."""
        latest = await self.reports.latest(tenant_id, month)
        history, now = await self.configurations.of(tenant_id), self.clock.now()
        obstacles: tuple[Obstacle, ...] = ()
        if (latest is None or latest.status != "closed") and now >= closes_at(month, history, now):
            obstacles = await self.closing.close(tenant_id, month, first_month(history))
        written = False
        while latest is None or latest.status != "closed":
            report = await self._report_from_books(tenant_id, month, history, latest, obstacles)
            if latest is not None and latest.sha256 == report.sha256:
                break
            await self.reports.add(tenant_id, report)
            written = True
            if report.status != "closed":
                break
            # Another run may have given the number of this version to a report from before the closing.
            latest = await self.reports.latest(tenant_id, month)
        return written, obstacles

    async def report(self, tenant_id: str, month: str) -> UsageReport:
        """The month as it is now, or as it was closed. Raises UnknownTenant, or InvalidRequest if it is no month."""
        history = await self.configurations.of(tenant_id)
        latest = await self.reports.latest(tenant_id, checked_month(month))
        if latest is not None and latest.status == "closed":
            return latest
        return await self._report_from_books(tenant_id, month, history, latest, latest.obstacles if latest else ())

    async def document(self, tenant_id: str, month: str) -> MonthDocument:
        """The same report, with the tenant's first month."""
        report = await self.report(tenant_id, month)
        return MonthDocument(report, first_month(await self.configurations.of(tenant_id)))

    async def _report_from_books(
        self,
        tenant_id: str,
        month: str,
        history: History,
        latest: UsageReport | None,
        obstacles: tuple[Obstacle, ...],
    ) -> UsageReport:
        """The month's report from its books. That of a closed month reads closed books only, so it never changes.

        A month before the tenant's first one is closed since there is a configuration, and empty, without a pool.
        """
        books = await self.ledger.books(tenant_id, month)
        begun = history.versions[0].in_force_from if month < first_month(history) else None
        closed_at = books.closed_at or begun
        listed = await self.ledger.corrections(tenant_id, month, None, MAX_LISTED) if books.corrections else None
        settlement = Settlement(
            due=await due_in(self.ledger, tenant_id, month, books, history),
            correction_count=correction_count(books.corrections),
            corrections=listed.corrections if listed else (),
            obstacles=() if closed_at else obstacles,
            closed=closed_at is not None,
        )
        as_of = closed_at or self.clock.now()
        return build_report(tenant_id, month, books.days, history, as_of, latest, settlement)

    async def overview(self, tenant_id: str, before: str | None) -> UsageOverview:
        """Months up to the present one, the newest first, at most 36; `before` is the previous list's continuation.

        Raises UnknownTenant, or InvalidRequest if `before` is no month.
        """
        history = await self.configurations.of(tenant_id)
        present = history.local_date(self.clock.now()).isoformat()[:7]
        known = [*await self._months(tenant_id), present]
        before = None if before is None else checked_month(before, "continuation")
        months = sorted({month for month in known if before is None or month < before}, reverse=True)
        reports = await asyncio.gather(*(self.report(tenant_id, month) for month in months[:MAX_MONTHS]))
        return UsageOverview(
            tenant_id=tenant_id,
            months=tuple(map(month_overview, reports)),
            continuation=months[MAX_MONTHS - 1] if len(months) > MAX_MONTHS else None,
        )

    async def evidence(self, tenant_id: str, month: str, counted: bool | None, after: str | None) -> EvidencePage:
        """A page of the evidence: each counted session with its proof, each other conversation with its reason,
        and each correction. Raises UnknownTenant, or InvalidRequest if `month` is no month."""
        await self.configurations.of(tenant_id)
        return await evidence_page(self.ledger, tenant_id, checked_month(month), counted, after)

    async def export(
        self, tenant_id: str, month: str, counted: bool | None, after: str | None, chosen: ExportFormat
    ) -> Export:
        """One part of the evidence as a file's text; the parts joined are the file. Raises as `evidence` does."""
        await self.configurations.of(tenant_id)
        return await exported(self.ledger, tenant_id, checked_month(month), counted, after, chosen)


def checked_month(month: str, member: str = "month") -> str:
    """The month (yyyy-mm) as it is. Raises InvalidRequest, which names `member`, if it is not a month."""
    if not _MONTH.fullmatch(month):
        raise InvalidRequest([Mistake(member, f"{month!r} is not a month such as 2026-10")])
    return month
