"""The monthly roll-up, and reading what it wrote."""

import re
from dataclasses import dataclass
from typing import Protocol

from shared.clock import Clock
from shared.errors import InvalidRequest, Mistake
from shared.tenants.history import Configurations
from shared.usage.ledger import Ledger, Page
from shared.usage.report import UsageReport, build_report

PAGE = 500
_MONTH = re.compile(r"[1-9][0-9]{3}-(0[1-9]|1[0-2])")


class UsageReports(Protocol):
    """The port to the stored reports, versions of one month."""

    async def latest(self, tenant_id: str, month: str) -> UsageReport | None: ...

    async def add(self, tenant_id: str, report: UsageReport) -> None:
        """Store a version; one that is there already stays."""
        ...


@dataclass(frozen=True)
class MonthlyUsage:
    """Rolls months up. Any month may be rolled up again, at any time: the ledger decides, not the run."""

    ledger: Ledger
    reports: UsageReports
    configurations: Configurations
    clock: Clock

    async def roll_up_all(self) -> int:
        """Roll up every month of every tenant that has a row; how many reports were new.

        Late facts may change any month, and a run may be missed: so each run looks at all of them, one day document
        per day, and catches up.
        """
        written = 0
        for tenant_id in await self.configurations.tenants():
            for month in await self.ledger.months(tenant_id):
                written += await self.roll_up(tenant_id, month)
        return written

    async def roll_up(self, tenant_id: str, month: str) -> bool:
        """Store the month's report as the next version, if its content is new."""
        previous = await self.reports.latest(tenant_id, month)
        report = await self.report(tenant_id, month)
        if previous is not None and previous.sha256 == report.sha256:
            return False
        await self.reports.add(tenant_id, report)
        return True

    async def report(self, tenant_id: str, month: str) -> UsageReport:
        """The month as it stands now. Raises UnknownTenant, and InvalidRequest for what is no month."""
        history = await self.configurations.of(tenant_id)
        days = await self.ledger.days(tenant_id, checked_month(month))
        previous = await self.reports.latest(tenant_id, month)
        return build_report(tenant_id, month, days, history, self.clock.now(), previous)

    async def evidence(self, tenant_id: str, month: str, counted: bool | None, after: str | None) -> Page:
        """The rows behind the figures: each counted session with its proof, each other conversation with its reason."""
        await self.configurations.of(tenant_id)
        return await self.ledger.rows(tenant_id, checked_month(month), counted, after, PAGE)


def checked_month(month: str) -> str:
    """The month, if it is one (yyyy-mm)."""
    if not _MONTH.fullmatch(month):
        raise InvalidRequest([Mistake("month", f"{month!r} is not a month such as 2026-10")])
    return month
