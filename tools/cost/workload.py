"""The month that is assumed, and a design's demand on Azure in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from decimal import ROUND_CEILING, Decimal

from shared.azure.cosmos.expiry import HOT
from tools.cost.prices import MeterName

HOURS = 730
"""Hours of a month, as Azure bills it."""
SECONDS = Decimal(HOURS * 3600)
_STEP, _STEP_OF_MAXIMUM = 100, 1000
"""Request units per second in which throughput is billed, and in which its maximum is set."""
_MEGABYTES_OF_A_CORE = 2048
"""An instance of so much memory has a core, a smaller one a part of it (Microsoft's `flex-consumption-plan`)."""


@dataclass(frozen=True)
class Workload:
    """The month, the same for every design. Values that are not measured are assumed, and printed with the cost."""

    messages: int
    """Lines per conversation."""
    escalated: Decimal
    """Share of the conversations that a bot escalates."""
    conversations: int = 1_000_000
    tenants: int = 10
    autoscale: bool = False
    """Whether Cosmos DB has autoscale throughput instead of being serverless (`cosmosMaxThroughput`)."""
    peak: int = 3
    """How many times the average people ask for in the busiest second of an hour."""
    sweep_seconds: int = 60
    """Seconds between two runs of `sweep` (`SWEEP_SCHEDULE` of the deployment)."""
    retention_months: int = 12
    """How long a conversation is kept; this many months of conversations are stored."""
    memory_megabytes: int = 512
    """Memory of an instance of the app (Flex Consumption: 512, 2048 or 4096); 2048 come with a whole core."""
    core_milliseconds: int = 5
    """Milliseconds of a whole core for each execution, the host's included."""
    fact_days: int = HOT.days
    """Days for which Cosmos DB keeps facts; then the archive alone has them."""
    log_bytes: int = 200
    """Bytes of logs, traces and metrics for each execution, after sampling."""
    audit_lines: int = 1000
    """Lines of the audit (`infra/modules/audit.bicep`): each secret is read once a day, and a deployment is some."""
    audit_bytes: int = 1000
    """Bytes of such a line."""
    audited_deletions: bool = False
    """Whether the audit has a line for each blob of the tenants that is deleted, which it has not."""
    line_bytes: int = 500
    """Bytes of a line as a naive design stores it."""
    state_bytes: int = 1500
    """Bytes of a conversation's state as a naive design stores it."""
    line_terms: int = 8
    """Members of a line; each is a term if every path is indexed."""
    state_terms: int = 5
    """Members of the state that an event changes."""


@dataclass(frozen=True)
class Executions:
    """Runs of functions that scale together. Those of a timer come evenly, others at random.

    `bursts`: how many times in the month runs may come, all of a time at once; None if each comes by itself.
    """

    count: Decimal
    is_timer: bool = False
    bursts: Decimal | None = None

    def busy_seconds(self, each: Decimal = Decimal(0)) -> Decimal:
        """The billed seconds of the month, if a run keeps an instance's core busy for `each` seconds.

        Flex Consumption bills at least a second for each stretch in which an instance works, and runs in the same
        second share it. If runs come at random with the rate r, a second has none with the probability exp(-r).
        """
        work = self.count * each
        if self.bursts is not None:
            return self.bursts * (1 - (-self.count / self.bursts).exp()) + work
        rate = self.count / SECONDS
        return max(work, SECONDS * (min(Decimal(1), rate) if self.is_timer else 1 - (-rate).exp()))


@dataclass(frozen=True)
class Demand:
    """What a design uses in a month: single request units, operations, bytes, and executions by scale group."""

    request_units: Decimal
    stored_bytes: Decimal
    bus_operations: Decimal
    executions: Mapping[str, Executions]
    burst: Decimal = Decimal(0)
    """Request units that come at once, each time a sweep starts them."""
    blob_writes: Decimal = Decimal(0)
    blob_reads: Decimal = Decimal(0)
    archive_bytes: Decimal = Decimal(0)
    blob_deletions: Decimal = Decimal(0)

    def quantities(self, workload: Workload) -> Mapping[MeterName, Decimal]:
        """The quantity of each meter, in single things."""
        runs = sum((group.count for group in self.executions.values()), Decimal(0))
        core = Decimal(workload.memory_megabytes) / _MEGABYTES_OF_A_CORE
        each = Decimal(workload.core_milliseconds) / 1000 / core
        busy = sum((group.busy_seconds(each) for group in self.executions.values()), Decimal(0))
        return {
            "cosmosRequestUnits": Decimal(0) if workload.autoscale else self.request_units,
            "cosmosThroughput": self._busiest_second(workload) * HOURS if workload.autoscale else Decimal(0),
            "cosmosStorage": self.stored_bytes,
            "serviceBusBase": Decimal(1),
            "serviceBusOperations": self.bus_operations,
            "functionSeconds": busy * workload.memory_megabytes / 1024,
            "functionExecutions": runs,
            "blobWrites": self.blob_writes,
            "blobReads": self.blob_reads,
            "blobStorage": self.archive_bytes,
            "logs": runs * workload.log_bytes + self._audit_lines(workload) * workload.audit_bytes,
        }

    def _audit_lines(self, workload: Workload) -> Decimal:
        return workload.audit_lines + (self.blob_deletions if workload.audited_deletions else Decimal(0))

    def _busiest_second(self, workload: Workload) -> Decimal:
        """The request units of an hour's busiest second, for which autoscale bills the hour.

        The maximum is set for the peak of what people do. What a sweep starts comes at once, and waits if it is more.
        """
        peak = self.request_units / SECONDS * workload.peak
        return min(_in_steps(peak, _STEP_OF_MAXIMUM), _in_steps(peak + self.burst, _STEP))


def _in_steps(amount: Decimal, step: int) -> Decimal:
    return (amount / step).to_integral_value(ROUND_CEILING) * step


def assumed(workload: Workload) -> Iterator[tuple[str, str]]:
    """Each assumption's name and value."""
    for field in fields(workload):
        value = getattr(workload, field.name)
        yield field.name.replace("_", " "), str(value).lower() if isinstance(value, bool) else f"{value:,}"
