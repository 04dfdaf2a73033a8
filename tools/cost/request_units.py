"""The request units of requests to Cosmos DB, by the price table in `infra/prices/request-units.json`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any

from tools.cost.files import prices_file

_KILOBYTE = 1024


@dataclass(frozen=True)
class RequestUnits:
    """The price table. Sizes are in bytes of JSON; each begun kilobyte counts as a whole one."""

    table: Mapping[str, Any]

    def read(self, size: int) -> Decimal:
        """A point read of a document."""
        prices = self.table["pointRead"]
        return Decimal(prices["firstKilobyte"] + prices["furtherKilobyte"] * _further(size))

    def write(self, size: int, terms: int) -> Decimal:
        """A create or a replace that changes `terms` indexed terms."""
        prices = self.table["write"]
        return Decimal(prices["each"] + prices["furtherKilobyte"] * _further(size) + prices["indexedTerm"] * terms)

    def patch(self, changes: int) -> Decimal:
        """A patch of `changes` members."""
        return Decimal(self.table["patch"]["each"] + self.table["patch"]["change"] * changes)

    def delete(self) -> Decimal:
        """A delete."""
        return Decimal(self.table["delete"]["each"])

    def query(self, documents: Decimal | int, size: Decimal | int = 0) -> Decimal:
        """A query within a partition, or of an index, that returns this many documents with so many bytes together."""
        prices = self.table["query"]
        further = max(Decimal(0), Decimal(size) / _KILOBYTE - documents)
        return Decimal(prices["each"] + prices["document"] * documents + prices["furtherKilobyte"] * further)

    @property
    def more_for_a_replace(self) -> Decimal:
        """What a replace costs more on Microsoft's page than in this table, as a part of what it costs here."""
        prices = self.table["replace"]
        return Decimal(prices["timesAWriteOnMicrosoftsPage"] - prices["timesAWrite"])


@cache
def request_units() -> RequestUnits:
    """The project's price table."""
    return RequestUnits(prices_file("request-units.json"))


def _further(size: int) -> int:
    return max(0, size - 1) // _KILOBYTE
