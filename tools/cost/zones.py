"""The cost of zone redundancy of the app: instances of each group of functions that always run."""

from collections.abc import Iterable, Iterator
from decimal import Decimal

from local.index import Function, index
from tools.cost.prices import Prices
from tools.cost.workload import SECONDS

INSTANCES = 2
"""Instances that Azure always runs for each group (Microsoft's `reliability-functions.md`)."""
_MEMORIES = (512, 2048, 4096)


def function_groups(functions: Iterable[Function]) -> list[str]:
    """The groups that scale by themselves: all HTTP functions together, and each other function alone."""
    return sorted({"http" if function.kind == "httpTrigger" else function.name for function in functions})


def always_running(groups: int, memory_megabytes: int, prices: Prices) -> Decimal:
    """The cost of a month in which the instances of all groups only wait."""
    seconds = groups * INSTANCES * SECONDS
    return prices.meters["alwaysReadyBaseline"].dollars(seconds * memory_megabytes / 1024)


def zone_redundancy(prices: Prices) -> Iterator[str]:
    """What zone redundancy of the app costs beside the rest, as lines to print."""
    groups = function_groups(index())
    working, on_demand = prices.meters["alwaysReadySeconds"], prices.meters["functionSeconds"]
    yield (
        f"Zone redundancy of the app (zoneRedundantApp): {INSTANCES} instances for each of {len(groups)} groups of "
        f"functions always run ({', '.join(groups)}). They cost a month ({prices.currency}), beside the table:"
    )
    for memory in _MEMORIES:
        yield f"  {memory:,} MB: {always_running(len(groups), memory, prices):,.2f}"
    yield (
        f"  without a free grant; while they work, {working.tiers[-1][1]} per GB-s in addition, "
        f"where other instances cost {on_demand.tiers[-1][1]}"
    )
