"""What is assumed of a month, and what a design asks of Azure in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal

from tools.cost.prices import MeterName

HOURS = 730
"""Of a month, as Azure bills it."""
SECONDS = Decimal(HOURS * 3600)


@dataclass(frozen=True)
class Workload:
    """The month, the same for every design. What is not measured is assumed, and printed with the cost."""

    messages: int
    """Lines of a conversation."""
    escalated: Decimal
    """Share of the conversations that a bot escalates."""
    conversations: int = 1_000_000
    tenants: int = 10
    sweep_seconds: int = 60
    """Between two runs of `sweep` (`SWEEP_SCHEDULE` of the deployment)."""
    retention_months: int = 12
    """How long a conversation is kept; stored is what a year of such months leaves."""
    memory_megabytes: int = 2048
    """Of an instance of the app (Flex Consumption: 512, 2048 or 4096)."""
    log_bytes: int = 1000
    """Of logs, traces and metrics for each execution, after sampling."""
    line_bytes: int = 500
    """A line as a naive design stores it."""
    state_bytes: int = 1500
    """A conversation's state as a naive design stores it."""
    line_terms: int = 8
    """Members of a line, each a term where every path is indexed."""
    state_terms: int = 5
    """Members of the state that an event changes."""


@dataclass(frozen=True)
class Executions:
    """Runs of the functions that scale together. A timer's come evenly, other ones at random."""

    count: Decimal
    is_timer: bool = False

    def busy_seconds(self) -> Decimal:
        """Seconds of the month in which an instance is billed for them: each run for a second, which others may share.

        Flex Consumption bills a second at least for each stretch in which an instance is at work. Runs that come at
        random with the rate r leave a second without any with the probability exp(-r).
        """
        rate = self.count / SECONDS
        return SECONDS * (min(Decimal(1), rate) if self.is_timer else 1 - (-rate).exp())


@dataclass(frozen=True)
class Demand:
    """What a design asks for in a month: single request units, operations, bytes, and executions by scale group."""

    request_units: Decimal
    stored_bytes: Decimal
    bus_operations: Decimal
    executions: Mapping[str, Executions]
    archived: Decimal = Decimal(0)
    """Documents written to the archive."""
    archive_bytes: Decimal = Decimal(0)

    def quantities(self, workload: Workload) -> Mapping[MeterName, Decimal]:
        """How much of each meter."""
        runs = sum((one.count for one in self.executions.values()), Decimal(0))
        busy = sum((one.busy_seconds() for one in self.executions.values()), Decimal(0))
        return {
            "cosmosRequestUnits": self.request_units,
            "cosmosStorage": self.stored_bytes,
            "serviceBusBase": Decimal(1),
            "serviceBusOperations": self.bus_operations,
            "functionSeconds": busy * workload.memory_megabytes / 1024,
            "functionExecutions": runs,
            "blobWrites": self.archived,
            "blobStorage": self.archive_bytes,
            "logs": runs * workload.log_bytes,
        }


def assumed(workload: Workload) -> Iterator[tuple[str, str]]:
    """Each assumption's name and value."""
    for each in fields(workload):
        yield each.name.replace("_", " "), f"{getattr(workload, each.name):,}"
