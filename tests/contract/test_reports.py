"""What every UsageReports store promises: versions of a month's report, none of which ever changes."""

from collections import Counter

from shared.events.envelope import parse_time
from shared.usage.monthly_usage import UsageReports
from shared.usage.report import UsageReport, build_report
from tests.builders import contoso, history

AS_OF = parse_time("2026-11-01T02:30:00.5Z")


def report(version: int = 1, counted: int = 7, month: str = "2026-10", tenant: str = "contoso") -> UsageReport:
    day = Counter({("counted", ""): counted, ("byBot", "Zoë=1\x00"): counted, ("excluded", "no_bot"): 2})
    made = build_report(tenant, month, {f"{month}-05": day}, history(contoso()), AS_OF, None)
    return made.model_copy(update={"version": version})


async def test_a_month_without_reports_has_no_latest(reports: UsageReports) -> None:
    assert await reports.latest("contoso", "2026-10") is None


async def test_a_report_comes_back_equal(reports: UsageReports) -> None:
    await reports.add("contoso", report())
    assert await reports.latest("contoso", "2026-10") == report()


async def test_the_latest_is_the_one_of_the_highest_version(reports: UsageReports) -> None:
    # Given versions that were added in another order
    for version in (9, 10, 1, 2):
        await reports.add("contoso", report(version, counted=version))
    # Then ten is more than nine
    assert await reports.latest("contoso", "2026-10") == report(10, counted=10)


async def test_a_version_that_is_there_stays(reports: UsageReports) -> None:
    await reports.add("contoso", report(1, counted=7))
    await reports.add("contoso", report(1, counted=8))
    assert await reports.latest("contoso", "2026-10") == report(1, counted=7)


async def test_months_and_tenants_have_reports_of_their_own(reports: UsageReports) -> None:
    await reports.add("contoso", report())
    assert await reports.latest("contoso", "2026-11") is None
    assert await reports.latest("fabrikam", "2026-10") is None
    await reports.add("contoso", report(5, month="2026-11"))
    await reports.add("fabrikam", report(3, tenant="fabrikam"))
    assert await reports.latest("contoso", "2026-10") == report()
    assert await reports.latest("fabrikam", "2026-10") == report(3, tenant="fabrikam")
