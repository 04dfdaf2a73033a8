"""Random months that close one after the other, with late facts both ways; and a rating of them that shares no code.

The rows are posted, the months closed and the reports made by the real use cases. The rating knows only what became of
each conversation: in which month it counts at last, and under which bot.
"""

import csv
import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from random import Random
from typing import TypeVar

from shared.clock import MovableClock
from shared.contributions.row import Occasion
from shared.events.envelope import parse_time
from shared.tenants.configuration import AddOn, Licence
from shared.tenants.configurations import Configurations
from shared.tenants.history import Version
from shared.usage.charge_back import charge_back
from shared.usage.closing import Closing, Unposted
from shared.usage.ledger import Ledger, LedgerRow
from shared.usage.monthly_usage import MonthlyUsage
from shared.usage.period import first_month
from shared.usage.posting import post_or_correct
from shared.usage.render.breakdowns import breakdowns
from shared.usage.render.focus import render_focus
from shared.usage.report import UsageReport
from tests.builders import contoso, history
from tests.fakes import MemoryConfigurations, MemoryReports
from tests.usage.test_ledger_row import row

TENANT = "contoso"
MONTHS = tuple(f"2026-{number:02}" for number in range(4, 11))
"""The tenant is first configured in the first of them; all but the last are closed."""
BEFORE = "2026-02"
"""A month before the tenant's first one, of which something becomes known later."""
_ALL = (BEFORE, *MONTHS)
_BOTS = ("b1", "b2", "=Zoë")
L = TypeVar("L", bound=Ledger)
_OCCASION = Occasion(fact_id="f", type="message.posted", received_at="2026-10-20T12:00:00Z")


@dataclass(frozen=True)
class Truth:
    """What is known of a conversation: its month, and the bot under which it counts; None if it does not count."""

    month: str
    bot: str | None


@dataclass
class Tenant:
    """A tenant with a pool of its own for each month, and all that is known of its conversations."""

    random: Random
    pools: Mapping[str, tuple[int, int]]
    """Licences and add-ons by month."""
    known: dict[str, list[Truth]] = field(default_factory=dict)
    """What was known of each conversation, one after the other; the last is the truth."""

    @classmethod
    def of(cls, seed: int) -> "Tenant":
        random = Random(seed)
        return cls(random, {month: (random.choice((0, 1, 1, 2)), random.choice((0, 0, 0, 1))) for month in _ALL})

    def new(self, month: str) -> Iterator[LedgerRow]:
        """A conversation of the month becomes known; not every one counts."""
        bot = self.random.choice(_BOTS) if self.random.random() < 0.9 else None
        return self._becomes(f"c{len(self.known):05}", Truth(month, bot))

    def changed(self, until: str) -> Iterator[LedgerRow]:
        """One of the known conversations turns out to count, or not to, or under another bot, or in another month."""
        key = self.random.choice(sorted(self.known))
        truth = self.known[key][-1]
        bot = self.random.choice((None, None, None, *_BOTS))
        months = [month for month in _ALL if month <= until]
        month = self.random.choice(months) if self.random.random() < 0.2 else truth.month
        return self._becomes(key, Truth(month, bot))

    def again(self) -> Iterator[LedgerRow]:
        """Something that was known before is told once more."""
        key = self.random.choice(sorted(self.known))
        number = self.random.randrange(len(self.known[key]))
        yield _row(key, number + 1, self.known[key][number])

    def _becomes(self, key: str, truth: Truth) -> Iterator[LedgerRow]:
        told = self.known.setdefault(key, [])
        told.append(truth)
        if len(told) > 1 and told[-2].month != truth.month:
            yield _moved(_row(key, len(told), told[-2]))
        yield _row(key, len(told), truth)


def _moved(moved: LedgerRow) -> LedgerRow:
    """The row of a conversation that moved to another month."""
    return moved.model_copy(update={"excluded": "moved"})


def _row(key: str, revision: int, truth: Truth) -> LedgerRow:
    bots = (truth.bot,) if truth.bot else ()
    members = {"key": key, "bots": bots, "excluded": None if truth.bot else "no_bot"}
    return row(key, revision, f"{truth.month}-{1 + len(key) * int(key[1:]) % 28:02}", **members)


class _NothingOutstanding:
    async def post(self, tenant_id: str, month: str) -> Sequence[Unposted]:
        return []


def _as_it_is(ledger: L) -> Ledger:
    return ledger


async def played(
    seed: int, ledger: L, seen: Callable[[L], Ledger] = _as_it_is
) -> tuple[Tenant, list[UsageReport], int]:
    """Play the seed's months in an empty ledger, of which reports read what is `seen`.

    Returns the tenant, all reports, and how many closed ones changed.
    """
    tenant = Tenant.of(seed)
    clock, store = MovableClock(parse_time(f"{MONTHS[0]}-01T00:00:00Z")), MemoryConfigurations()
    begun = Version(1, clock.now(), history(contoso()).latest.configuration.model_copy(update=_bought(tenant.pools)))
    await store.create(TENANT, begun, b"secret of the tests, 32 bytes...")
    configurations = Configurations(store, clock)
    closing = Closing(ledger, _NothingOutstanding(), clock)
    usage = MonthlyUsage(seen(ledger), MemoryReports(), configurations, closing, clock)
    first = first_month(await configurations.of(TENANT))
    closed: dict[str, str] = {}

    async def post(rows: Iterator[LedgerRow]) -> None:
        for one in rows:
            await post_or_correct(ledger, TENANT, one, _OCCASION, first)

    async def what_is_late(until: str) -> None:
        new = tenant.random.choice((0.05, 0.5))
        for _ in range(tenant.random.randint(0, 12)):
            kind = tenant.random.random()
            if kind < new or not tenant.known:
                await post(tenant.new(tenant.random.choice([month for month in _ALL if month <= until])))
            else:
                await post(tenant.again() if kind > 0.9 else tenant.changed(until))

    for month in MONTHS:
        # As many as are near the edge of the pool, where one session more or less is one more or less beyond it.
        licences, add_ons = tenant.pools[month]
        pool = 50 * licences + (100 * add_ons if licences else 0)
        for _ in range(max(0, pool + tenant.random.randint(-6, 9))):
            await post(tenant.new(month))
        await what_is_late(month)
        if month == MONTHS[-1]:
            break
        # It closes in the month after it, and until its grace is over more comes late.
        following = MONTHS[MONTHS.index(month) + 1]
        clock.advance(parse_time(f"{following}-05T00:00:00Z") - clock.now())
        await what_is_late(month)
        clock.advance(parse_time(f"{following}-10T00:00:00Z") - clock.now())
        await usage.roll_up_all()
        closed[month] = (await usage.report(TENANT, month)).to_json()
    made = [await usage.report(TENANT, month) for month in _ALL]
    now = {report.month: report.to_json() for report in made}
    return tenant, made, sum(now[month] != text for month, text in closed.items())


def _bought(pools: Mapping[str, tuple[int, int]]) -> Mapping[str, object]:
    """The licences and add-ons, each in effect for one month."""
    firsts = {month: date.fromisoformat(f"{month}-01") for month in pools}
    return {
        "licences": tuple(
            Licence(product="Chat", quantity=licences, effective=firsts[month], until=firsts[month])
            for month, (licences, _) in pools.items()
            if licences
        ),
        "add_ons": tuple(
            AddOn(quantity=add_ons, effective=firsts[month], until=firsts[month])
            for month, (_, add_ons) in pools.items()
            if add_ons
        ),
    }


@dataclass(frozen=True)
class Rated:
    """A month as it is rated when all is known: the sessions beyond its pool, by bot, and the add-ons for them."""

    beyond: int
    add_ons: int
    by_bot: Mapping[str, int]


def rated(tenant: Tenant) -> dict[str, Rated]:
    """Each month, rated by itself with its own pool."""
    months: dict[str, Rated] = {}
    for month, (licences, add_ons) in tenant.pools.items():
        bots = Counter(told[-1].bot for told in tenant.known.values() if told[-1].month == month and told[-1].bot)
        pool = 50 * licences + 100 * add_ons if licences else 0
        beyond = sum(bots.values()) - pool if sum(bots.values()) > pool else 0
        months[month] = Rated(beyond, beyond // 100 + (beyond % 100 > 0), _shares(beyond, bots))
    return months


def _shares(whole: int, weights: Mapping[str, int]) -> dict[str, int]:
    """The whole by weight: rounded down, and one more for the largest remainders."""
    exact = {bot: Fraction(whole * n, sum(weights.values())) for bot, n in weights.items()}
    shares = {bot: int(share) for bot, share in exact.items()}
    by_remainder = sorted(exact, key=lambda bot: (shares[bot] - exact[bot], bot))
    for bot in by_remainder[: whole - sum(shares.values())]:
        shares[bot] += 1
    return {bot: n for bot, n in shares.items() if n}


def mistakes(tenant: Tenant, reports: Sequence[UsageReport]) -> list[str]:
    """Where the reports say something else than the rating, or do not add up."""
    expected, found = rated(tenant), []
    beyond, add_ons = Counter[str](), Counter[str]()
    by_bot: dict[str, Counter[str]] = {month: Counter() for month in expected}
    for report in reports:
        beyond[report.month] += report.overage
        add_ons[report.month] += report.add_ons_needed
        for due in report.due:
            beyond[due.month] += due.sessions
            add_ons[due.month] += due.add_ons
        found += [f"{report.month}: {what}" for what in _not_adding_up(report, by_bot)]
    for month, rating in expected.items():
        sums = {"sessions": (beyond[month], rating.beyond), "add-ons": (add_ons[month], rating.add_ons)}
        found += [f"{month}: {n} {what}, not {right}" for what, (n, right) in sums.items() if n != right]
        if {bot: n for bot, n in by_bot[month].items() if n} != rating.by_bot:
            found.append(f"{month}: FOCUS divides it as {dict(by_bot[month])}, not {rating.by_bot}")
    if sum(report.invoiced for report in reports) != sum(rating.beyond for rating in expected.values()):
        found.append("what is invoiced is another sum")
    return found


def _not_adding_up(report: UsageReport, by_bot: dict[str, Counter[str]]) -> Iterator[str]:
    """What does not add up in a report; puts the sessions beyond a pool that FOCUS has into `by_bot`, by month."""
    quantities: Counter[str] = Counter()
    for line in csv.DictReader(io.StringIO(render_focus(report), newline="")):
        quantity = int(line["ConsumedQuantity"])
        quantities[line["x_Coverage"]] += quantity
        if line["x_Coverage"] != "Entitlement":
            by_bot[line["ChargePeriodStart"][:7]][line["ResourceId"].removeprefix("'")] += quantity
    if quantities["Entitlement"] + quantities["Overage"] != report.counted:
        yield "FOCUS has other sessions"
    if quantities["Overage"] + quantities["Correction"] != report.invoiced:
        yield "FOCUS has another sum to invoice"
    for due in report.due:
        if sum(due.by_bot.values()) != due.sessions:
            yield f"what is due for {due.month} is not what its bots have"
    for breakdown in breakdowns(report):
        shares = charge_back(report, breakdown.sessions).values()
        sums = [sum(share.overage for share in shares), sum(share.add_ons_needed for share in shares)]
        if sums != [report.overage, report.add_ons_needed]:
            yield f"{breakdown.member} charges back another sum"


async def differing(seed: int, ledger: L, seen: Callable[[L], Ledger] = _as_it_is) -> tuple[int, int, int]:
    """As `played`. Returns how many mistakes there are, months that were closed, and corrections."""
    tenant, reports, changed = await played(seed, ledger, seen)
    corrections = sum(report.correction_count for report in reports)
    return len(mistakes(tenant, reports)) + changed, len(MONTHS) - 1, corrections
