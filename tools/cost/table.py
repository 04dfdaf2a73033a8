"""The cost as tables: a line per meter, a column per design, and everything that was assumed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal

from rich.console import Console
from rich.table import Table

from tools.cost.backlog import backlog
from tools.cost.designs import DESIGNS, Design, measured_budget, occurrences, requests
from tools.cost.evidence import RESTS_ON, choices, dearer_replaces, units_of_one
from tools.cost.prices import MeterName, Prices
from tools.cost.workload import Workload, assumed
from tools.cost.zones import zone_redundancy

_LENGTHS, _MEMORIES = (12, 60, 200), (512, 2048)
SIZES = (1_000_000, 10_000_000)
"""Conversations of a month for which the cost is compared."""


def show(workload: Workload, prices: Prices, console: Console) -> None:
    """Print the cost of a month by each design, what zones cost, how long a backlog fits, and the assumptions."""
    console.print(f"{workload.conversations:,} conversations a month cost, in {prices.currency} at list prices:")
    console.print(_by_meter(workload, prices))
    console.print("What each quantity rests on:", *(f"  {line}" for line in _rests_on(workload, prices)), sep="\n")
    console.print(f"Per million conversations, by how many there are in a month, and memory ({prices.currency}):")
    console.print(_by_size(workload, prices))
    console.print(f"Per million conversations, by lines of each and memory of an instance ({prices.currency}):")
    console.print(_by_length(workload, prices))
    console.print(f"A month of patchbay would cost instead ({prices.currency}):")
    for line in _instead(workload, prices):
        console.print(f"  {line}", soft_wrap=True, highlight=False)
    for line in (*zone_redundancy(prices), *backlog(workload), *_assumptions(workload, prices)):
        console.print(line, soft_wrap=True, highlight=False)


def dollars(design: Design, workload: Workload, prices: Prices) -> dict[MeterName, Decimal]:
    """The exact cost of a design in a month, by meter."""
    quantities = design.demand(workload).quantities(workload)
    return {name: prices.meters[name].dollars(quantity) for name, quantity in quantities.items()}


def total(design: Design, workload: Workload, prices: Prices) -> Decimal:
    """The cost of a design in a month."""
    return sum(dollars(design, workload, prices).values(), Decimal(0))


def _by_meter(workload: Workload, prices: Prices) -> Table:
    table = _table("meter", [part for design in DESIGNS for part in (design.name, "")])
    costs = [dollars(design, workload, prices) for design in DESIGNS]
    demands = [design.demand(workload).quantities(workload) for design in DESIGNS]
    for name in demands[0]:
        meter = prices.meters[name]
        cells = [
            cell
            for quantities, cost in zip(demands, costs, strict=True)
            for cell in (f"{quantities[name] / meter.size:,.2f}", f"{cost[name]:,.2f}")
        ]
        table.add_row(f"{meter.name} ({meter.unit})", *cells)
    table.add_row("total", *(cell for cost in costs for cell in ("", f"{sum(cost.values()):,.2f}")), style="bold")
    return table


def per_million(design: Design, workload: Workload, prices: Prices) -> Decimal:
    """The cost of a million of the month's conversations."""
    return total(design, workload, prices) * 1_000_000 / workload.conversations


def _by_length(workload: Workload, prices: Prices) -> Table:
    rows = {
        f"{messages} lines, {memory:,} MB": replace(workload, messages=messages, memory_megabytes=memory)
        for messages in _LENGTHS
        for memory in _MEMORIES
    }
    return _compared("lines, memory", rows, prices)


def _by_size(workload: Workload, prices: Prices) -> Table:
    rows = {
        f"{conversations:,} a month, {memory:,} MB, {'autoscale' if autoscale else 'serverless'}": replace(
            workload, conversations=conversations, memory_megabytes=memory, autoscale=autoscale
        )
        for conversations in SIZES
        for autoscale in (False, True)
        for memory in _MEMORIES
    }
    return _compared("conversations, memory, Cosmos DB", rows, prices)


def _compared(first: str, rows: Mapping[str, Workload], prices: Prices) -> Table:
    table = _table(first, [design.name for design in DESIGNS])
    for name, workload in rows.items():
        table.add_row(name, *(f"{per_million(design, workload, prices):,.2f}" for design in DESIGNS))
    return table


def _rests_on(workload: Workload, prices: Prices) -> Iterator[str]:
    for name in DESIGNS[0].demand(workload).quantities(workload):
        yield f"{prices.meters[name].name}: {RESTS_ON[name]}"


def _instead(workload: Workload, prices: Prices) -> Iterator[str]:
    ours = DESIGNS[0]
    now = total(ours, workload, prices)
    for name, other in choices(workload):
        yield f"{total(ours, other, prices):,.2f}: {name}"
    units, dollars_more = dearer_replaces(workload, prices)
    yield (
        f"{now + dollars_more:,.2f}: replaces at twice a create, as Microsoft's page has them: "
        f"{units_of_one(workload) + units:.0f} RU of a conversation instead of {units_of_one(workload):.0f}"
    )


def _table(first: str, columns: Sequence[str]) -> Table:
    table = Table(first, box=None, pad_edge=False, header_style="")
    for column in columns:
        table.add_column(column, justify="right", no_wrap=True)
    return table


def _assumptions(workload: Workload, prices: Prices) -> Iterator[str]:
    budget = measured_budget()
    yield "Measured (infra/prices/budget.json, which test_budget.py and test_message_sizes.py in tests/azure/ hold to):"
    yield f"  requests to Cosmos DB per conversation: {requests(workload, budget):.2f}"
    for name, times in occurrences(workload, budget).items():
        event = budget["events"][name]
        asked = f"{sum(event['requests'].values())} requests, {event['measured']} RU"
        yield f"  {name}: {times:.2f} times, each {asked}, {event['busBytes']} bytes on the bus"
    yield "Assumed:"
    yield from (f"  {name}: {value}" for name, value in assumed(workload))
    yield "  conversations come evenly, day and night; executions take less than a second"
    yield "  a line more or less than measured is one more or less message.posted, and line bytes more or less"
    yield "  one process looks at the dead letters"
    yield "  left out: what Azure adds to documents, zones of stores, traffic out, alerts, reports and other reads"
    yield "  naive designs have no ledger, no archive and no deletion, and count the month by a query each night"
    yield "Designs:"
    yield from (f"  {design.name}: {design.description}" for design in DESIGNS)
    yield f"Prices (infra/prices/dollars.json, looked up {prices.looked_up}). {prices.note}"
    for meter in prices.meters.values():
        tiers = ", ".join(f"{price}" + (f" up to {end}" if end is not None else "") for end, price in meter.tiers)
        yield f"  {meter.name}: {tiers} per {meter.unit} ({meter.region}; date: {meter.date}; {meter.source})"
