"""What corrections make due: a closed month rated anew, with its own pool, and compared with how it was rated before.

A month's overage is what its pool does not cover, whenever its sessions become known. So the corrections of a closed
month make due, in the month that books them, the difference that they make to that overage; it may be negative.
"""

from collections import Counter
from collections.abc import Mapping

from shared.tenants.history import History
from shared.usage.apportionment import apportion
from shared.usage.correction import by_origin
from shared.usage.entitlement import add_ons_needed, entitlement, overage
from shared.usage.ledger import Books, DayCounts, Ledger
from shared.usage.period import first_month, following, last_moment
from shared.wire import ExactModel


class Due(ExactModel):
    """What the corrections of one closed `month` that stand in one later month make due there.

    `before` are the month's sessions by its closed books and by its corrections in months that were closed by then,
    `after` those with these corrections. `sessions` is the difference in the overage beyond the month's own
    `pool`, `add_ons` that in the add-ons that would cover it. `by_bot` divides `sessions`: each bot's share of
    the overage after, less its share before; bots without a difference are left out.
    """

    month: str
    time_zone: str
    before: int
    after: int
    pool: int
    sessions: int
    add_ons: int
    by_bot: dict[str, int]


def due(month: str, time_zone: str, pool: int, before: DayCounts, corrections: DayCounts) -> Due:
    """What is due for a closed month, from its counters before its corrections, and those of the corrections."""
    after = Counter(before)
    after.update(corrections)
    sessions = [counts.get(("counted", ""), 0) for counts in (before, after)]
    beyond = [overage(n, pool) for n in sessions]
    add_ons = [add_ons_needed(n) for n in beyond]
    by_bot = Counter(apportion(beyond[1], _by_bot(after)))
    by_bot.subtract(apportion(beyond[0], _by_bot(before)))
    return Due(
        month=month,
        time_zone=time_zone,
        before=sessions[0],
        after=sessions[1],
        pool=pool,
        sessions=beyond[1] - beyond[0],
        add_ons=add_ons[1] - add_ons[0],
        by_bot={bot: n for bot, n in sorted(by_bot.items()) if n},
    )


async def due_in(ledger: Ledger, tenant_id: str, month: str, books: Books, history: History) -> tuple[Due, ...]:
    """What is due in the month with these books, for each closed month that they correct, the earliest first.

    Reads the books of the months from the earliest of these on, and none before the tenant's first month.
    """
    corrections = by_origin(books.corrections)
    before: dict[str, Counter[tuple[str, str]]] = {origin: Counter() for origin in corrections}
    earlier = max(first_month(history), min(corrections, default=month))
    while earlier < month:
        closed = await ledger.books(tenant_id, earlier)
        for counts in closed.days.values() if earlier in before else ():
            before[earlier].update(counts)
        for origin, counts in by_origin(closed.corrections).items():
            if origin in before:
                before[origin].update(counts)
        earlier = following(earlier)
    return tuple(
        due(origin, history.time_zone(origin), _pool(origin, history), before[origin], counts)
        for origin, counts in corrections.items()
    )


def _pool(month: str, history: History) -> int:
    return entitlement(history.at(last_moment(month, history)).configuration, month).total


def _by_bot(counts: DayCounts) -> Mapping[str, int]:
    """The sessions of each bot that has any."""
    return {bot: n for (measure, bot), n in counts.items() if measure == "byBot" and n > 0}
