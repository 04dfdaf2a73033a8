"""The cost of a large ledger: a recount of a month of 1,000,000 rows, and reports beside 5,000,000 rows of history."""

import asyncio
import multiprocessing
import resource
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from shared.clock import MovableClock
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.tenants import EmbeddedConfigurations
from shared.tenants.configurations import Configurations
from shared.tenants.history import Version
from shared.usage.closing import Closing, Unposted
from shared.usage.monthly_usage import MonthlyUsage
from shared.usage.recount import recounted, stored_counters
from tests.builders import FROM_THE_BEGINNING, contoso
from tests.seeds import TENANT_SECRET
from tests.usage.test_ledger_row import row

TENANTS = 200
HISTORY = ("2026-06", "2026-07", "2026-08", "2026-09", "2026-10")
NOW = "2026-11"
LARGE = "large"
ROWS = 1_000_000
MAX_MEGABYTES, MAX_TIMES = 100, 1.2
_ROUNDS = 7
_DAYS = 25
_KEY = "@key@"

_INSERT_ROWS = """
WITH RECURSIVE numbers (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :rows)
INSERT INTO contributions (tenant_id, kind, policy, period, key, revision, standing, content)
SELECT :tenant, 'session', 'bot-session-2020', :month, printf('c%07d', n), 1, 'counted',
       replace(
           replace(:document, '@key@', printf('c%07d', n)),
           :month || '-01',
           :month || printf('-%02d', 1 + n % :days))
FROM numbers
"""
_INSERT_DAYS = "INSERT INTO ledger_days VALUES (?, 'bot-session-2020', ?, ?, ?, ?, ?)"
_INSERT_MONTH = "INSERT INTO ledger_months VALUES (?, 'bot-session-2020', ?, ?, NULL)"


async def fill(database: Database, tenant_id: str, month: str, rows: int) -> None:
    """Fill a month with so many sessions, the same number on each of its first 25 days."""
    template = row(_KEY, day=f"{month}-01")
    document = template.model_copy(update={"key": _KEY}).to_json()
    parameters = {"tenant": tenant_id, "month": month, "document": document, "rows": rows, "days": _DAYS}
    counters = [
        (tenant_id, month, f"{month}-{day:02}", *name, rows // _DAYS)
        for day in range(1, _DAYS + 1)
        for name in template.contributions()
    ]
    await database.write(lambda connection: connection.execute(_INSERT_ROWS, parameters))
    await database.write(lambda connection: connection.executemany(_INSERT_DAYS, counters))
    await database.write(lambda connection: connection.execute(_INSERT_MONTH, (tenant_id, month, rows)))


async def _prepare(folder: Path) -> None:
    """Make two files with the same month of 200 tenants; one also has history and one large month."""
    for name in ("without", "with"):
        database = Database(folder / f"{name}.db")
        configurations = EmbeddedConfigurations(database)
        for number in range(TENANTS):
            tenant = f"tenant-{number}"
            configuration = contoso().model_copy(update={"tenant_id": tenant})
            first = Version(1, FROM_THE_BEGINNING, configuration)
            await configurations.create(tenant, first, TENANT_SECRET.encode())
            await fill(database, tenant, NOW, 500)
            for month in HISTORY if name == "with" else ():
                await fill(database, tenant, month, 5_000)
        if name == "with":
            await fill(database, LARGE, NOW, ROWS)
        await database.close()


def _recount(file: str, answers: "multiprocessing.Queue[tuple[float, float, bool]]") -> None:
    """Recount the large month in a process of its own. Returns its peak in megabytes, its seconds, and if it agrees."""

    async def run() -> bool:
        database = Database(Path(file))
        ledger = EmbeddedLedger(database)
        again = await recounted(ledger, LARGE, NOW)
        same = again == stored_counters(await ledger.books(LARGE, NOW))
        await database.close()
        return same

    begin = time.perf_counter()
    same = asyncio.run(run())
    answers.put((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, time.perf_counter() - begin, same))


class NothingOutstanding:
    """Outboxes of a database in which every row is posted."""

    async def post(self, tenant_id: str, month: str) -> Sequence[Unposted]:
        return []


async def _seconds(databases: list[Database]) -> list[float]:
    """The processor's seconds for all tenants' reports, on each database: the best of several rounds, in turns."""
    clock = MovableClock(datetime(2026, 11, 20, tzinfo=UTC))
    best = [float("inf")] * len(databases)
    for _ in range(_ROUNDS):
        for number, database in enumerate(databases):
            ledger = EmbeddedLedger(database)
            closing = Closing(ledger, NothingOutstanding(), clock)
            configurations = Configurations(EmbeddedConfigurations(database), clock)
            usage = MonthlyUsage(ledger, EmbeddedReports(database), configurations, closing, clock)
            begin = time.process_time()
            for tenant in range(TENANTS):
                assert (await usage.report(f"tenant-{tenant}", NOW)).counted == 500
            best[number] = min(best[number], time.process_time() - begin)
    return best


async def _times(folder: Path) -> float:
    databases = [Database(folder / f"{name}.db") for name in ("without", "with")]
    without, beside = await _seconds(databases)
    for database in databases:
        await database.close()
    return beside / without


def costs() -> bool:
    """Print the figures. True if they keep to their limits."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asyncio.run(_prepare(folder))
        # A new process, so that only its own memory is measured.
        fresh = multiprocessing.get_context("spawn")
        answers: multiprocessing.Queue[tuple[float, float, bool]] = fresh.Queue()
        process = fresh.Process(target=_recount, args=(str(folder / "with.db"), answers))
        process.start()
        megabytes, seconds, same = answers.get(timeout=600)
        process.join()
        agrees = "equal to its counters" if same else "ANOTHER than its counters"
        print(f"ledger: a recount of {ROWS} rows is {agrees}, {megabytes:.0f} MB at most, {seconds:.0f} s", flush=True)
        times = asyncio.run(_times(folder))
        rows = TENANTS * len(HISTORY) * 5_000
        print(f"ledger: reports of {TENANTS} tenants beside {rows} rows of history cost {times:.2f}x", flush=True)
    return same and megabytes < MAX_MEGABYTES and times <= MAX_TIMES
