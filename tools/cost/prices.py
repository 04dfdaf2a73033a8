"""List prices in dollars, by meter, from `infra/prices/dollars.json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, get_args

from tools.cost.files import prices_file

MeterName = Literal[
    "cosmosRequestUnits",
    "cosmosThroughput",
    "cosmosStorage",
    "serviceBusBase",
    "serviceBusOperations",
    "functionSeconds",
    "functionExecutions",
    "alwaysReadyBaseline",
    "alwaysReadySeconds",
    "blobWrites",
    "blobReads",
    "blobStorage",
    "logs",
]


@dataclass(frozen=True)
class Meter:
    """A meter of the bill. `size` single things are one `unit`; a tier is its upper end in units, and a unit's price.

    `date` is the date that the source gives for its prices.
    """

    name: str
    unit: str
    size: int
    tiers: tuple[tuple[Decimal | None, Decimal], ...]
    region: str
    date: str
    source: str

    def dollars(self, quantity: Decimal) -> Decimal:
        """The exact cost of `quantity` single things in a month."""
        remaining, below, total = quantity / self.size, Decimal(0), Decimal(0)
        for end, price in self.tiers:
            within = remaining if end is None else min(remaining, end - below)
            total += within * price
            remaining -= within
            below = end or below
        return total


@dataclass(frozen=True)
class Prices:
    """A price for each meter."""

    currency: str
    looked_up: str
    note: str
    meters: Mapping[MeterName, Meter]


def list_prices() -> Prices:
    """The project's price file. Raises KeyError if a meter is missing."""
    document = prices_file("dollars.json")
    return Prices(
        document["currency"],
        document["lookedUp"],
        document["note"],
        {name: _meter(**document["meters"][name]) for name in get_args(MeterName)},
    )


def _meter(tiers: list[dict[str, Decimal]], **rest: object) -> Meter:
    return Meter(**{**rest, "tiers": tuple(_tiers(tiers))})  # type: ignore[arg-type]  # members as the file has them


def _tiers(tiers: list[dict[str, Decimal]]) -> Iterator[tuple[Decimal | None, Decimal]]:
    for tier in tiers:
        yield (Decimal(tier["upTo"]) if "upTo" in tier else None), Decimal(tier["price"])
