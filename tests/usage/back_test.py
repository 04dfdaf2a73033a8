"""How well the forecast would have done: months are played day by day, and each forecast is compared with the outcome.

`python -m tests.usage.back_test` prints the table of docs/usage-page.md; a test compares both.
"""

import random
import sys
from calendar import monthrange
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from itertools import accumulate
from statistics import median

from shared.usage.forecast import MINIMUM_DAYS, Exhaustion, Forecast, forecast
from shared.usage.report import Day, UsageReport
from tests.local.sample.months import counted
from tests.usage.reports import report_of

SEEDS = (2026, 7)
"""Months of sample traffic, each of three tenants."""
GENERATED = 20
"""Months of each pattern."""
POOLS = (0.6, 0.8, 0.95, 1.1)
"""Pools to be used up, as parts of the month's sessions."""


@dataclass(frozen=True)
class Month:
    """A month (yyyy-mm) with the sessions of each day."""

    month: str
    days: Sequence[int]


@dataclass(frozen=True)
class Pattern:
    """A pattern of generated months: the mean of each day, and the spread (the variance as a multiple of the mean)."""

    weekend: float = 1.0
    spread: float = 1.0
    growth: float = 0.0
    from_16th: float = 1.0

    def mean(self, base: float, day: date) -> float:
        usual = base * (self.weekend if day.weekday() >= 5 else 1.0) * (1 + self.growth) ** (day.day - 1)
        return usual * (self.from_16th if day.day >= 16 else 1.0)


PATTERNS: Mapping[str, Pattern] = {
    "the same every day": Pattern(),
    "a quarter at weekends": Pattern(weekend=0.25),
    "in bursts": Pattern(weekend=0.4, spread=3.0),
    "grows by 1 % a day": Pattern(weekend=0.4, growth=0.01),
    "grows by 2 % a day": Pattern(weekend=0.4, growth=0.02),
    "doubles on the 16th": Pattern(weekend=0.4, from_16th=2.0),
}


@dataclass
class Score:
    """How good the forecasts of some months were."""

    totals: list[bool] = field(default_factory=list)
    errors: list[float] = field(default_factory=list)
    days: list[bool] = field(default_factory=list)
    days_off: list[int] = field(default_factory=list)

    @property
    def row(self) -> str:
        """The score's row in the table."""
        held, held_day = (f"{100 * sum(each) / len(each):.0f} %" for each in (self.totals, self.days))
        off = f"{median(self.days_off):.0f}"
        return f"{held} | {100 * median(self.errors):.1f} % | {held_day} | {off}"


Forecaster = Callable[[UsageReport], Forecast]


@cache
def scores(forecast: Forecaster = forecast, pools: tuple[float, ...] = POOLS) -> Mapping[str, Score]:
    """The score of the sample months, and of the generated ones by pattern."""
    return {name: _score(months, forecast, pools) for name, months in _played().items()}


@cache
def _played() -> Mapping[str, Sequence[Month]]:
    generated_months = {name: list(generated(name, pattern)) for name, pattern in PATTERNS.items()}
    return {"sample traffic": list(sample_months()), **generated_months}


def sample_months() -> Iterator[Month]:
    """October of each tenant, by the days (UTC) on which bots were invoked."""
    for seed in SEEDS:
        invoked: dict[str, Counter[date]] = {}
        for conversation in counted(seed):
            if conversation.invoked is not None:
                invoked.setdefault(conversation.tenant, Counter())[conversation.invoked.date()] += 1
        for tenant in ("contoso", "fabrikam", "northwind"):
            yield Month("2026-10", [invoked[tenant][date(2026, 10, day)] for day in range(1, 32)])


def generated(name: str, pattern: Pattern) -> Iterator[Month]:
    """Months of the pattern, from few sessions a day to many; the same on every run."""
    rng = random.Random(name)
    for number in range(GENERATED):
        base, month = (2, 8, 30, 120)[number % 4], f"2026-{1 + number % 12:02}"
        dates = [date.fromisoformat(f"{month}-{day + 1:02}") for day in range(monthrange(2026, int(month[5:]))[1])]
        yield Month(month, [_drawn(rng, pattern.mean(base, day), pattern.spread) for day in dates])


def as_of_morning(month: Month, day: int, pool: int = 0) -> UsageReport:
    """The report at the first moment (UTC) of a day (from 1 on), with the sessions of the days before."""
    so_far = [sessions if number < day else 0 for number, sessions in enumerate(month.days, 1)]
    blank = _blank(month.month)
    days = tuple(Day(date=each.date, sessions=n) for each, n in zip(blank.days, so_far, strict=True))
    return blank.model_copy(
        update={
            "as_of": f"{month.month}-{day:02}T00:00:00Z",
            "days": days,
            "counted": sum(so_far),
            "entitlement": blank.entitlement.model_copy(update={"total": pool}),
            "status": "open",
        }
    )


@cache
def _blank(month: str) -> UsageReport:
    return report_of(by_bot={}, month=month)


def _score(months: Sequence[Month], forecast: Forecaster, pools: tuple[float, ...]) -> Score:
    score = Score()
    for month in months:
        total = sum(month.days)
        for day in range(MINIMUM_DAYS + 1, len(month.days) + 1):
            said = forecast(as_of_morning(month, day)).total
            assert said is not None, "there were enough days"
            score.totals.append(said.low <= total <= said.high)
            score.errors.append(abs(said.expected - total) / total)
            for part in pools:
                _score_day(score, month, day, max(1, round(part * total)), forecast)
    return score


def _score_day(score: Score, month: Month, day: int, pool: int, forecast: Forecaster) -> None:
    if sum(month.days[: day - 1]) >= pool:
        return
    came = next((number for number, used in enumerate(accumulate(month.days), 1) if used >= pool), None)
    said = forecast(as_of_morning(month, day, pool)).exhaustion
    score.days.append(_holds(said, came))
    if said and said.expected and came:
        score.days_off.append(abs(said.expected.day - came))


def _holds(said: Exhaustion | None, came: int | None) -> bool:
    """True if the pool was used up within the range; "not this month" counts as a day after all others."""
    never = 99
    earliest = said.earliest.day if said else never
    latest = said.latest.day if said and said.latest else never
    return earliest <= (came or never) <= latest


def _drawn(rng: random.Random, mean: float, spread: float) -> int:
    """A number of sessions: Poisson's where the spread is 1, else the negative binomial's (gamma of Poisson)."""
    if spread > 1:
        mean = rng.gammavariate(mean / (spread - 1), spread - 1)
    # Arrivals at random moments of one day.
    number, moment = 0, rng.expovariate(mean) if mean else 1.0
    while moment < 1:
        number, moment = number + 1, moment + rng.expovariate(mean)
    return number


def table() -> str:
    """The rows of the document's table."""
    return "".join(f"| {name} | {score.row} |\n" for name, score in scores().items())


if __name__ == "__main__":
    sys.stdout.write(table())
