"""What each line of the bill rests on, and what it would be without one of the choices that were made."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from decimal import Decimal

from tools.cost.designs import measured_budget, patchbay, replaces
from tools.cost.prices import MeterName, Prices
from tools.cost.request_units import request_units
from tools.cost.workload import Workload

RESTS_ON: Mapping[MeterName, str] = {
    "cosmosRequestUnits": "measured: requests, bytes and indexed terms; a price table, not an account's charges",
    "cosmosThroughput": "as request units; assumed: how much more the busiest second of each hour asks for",
    "cosmosStorage": "measured: bytes of documents; assumed: how long they are kept; left out: what Azure adds",
    "serviceBusBase": "the price list",
    "serviceBusOperations": "measured: messages; documented: each is sent, received and completed",
    "functionSeconds": "assumed: memory, random runs, a core's time for each; documented: a second at least",
    "functionExecutions": "measured: messages and requests",
    "blobWrites": "counted in shared/azure/blob/archive.py",
    "blobReads": "counted in shared/azure/blob/archive.py",
    "blobStorage": "measured: bytes of the archive; assumed: how long they are kept",
    "logs": "measured: bytes of our spans, and the part that is kept; assumed: as many bytes of the host's, the audit",
}
"""For each meter, whether its quantity is measured, documented, counted or assumed. Its price is the list's."""
_LARGER, _MORE_LOGS = 2048, 2700


def choices(workload: Workload) -> Iterator[tuple[str, Workload]]:
    """The month without each choice that was made to save, by what it would be instead."""
    yield (
        f"instances of {_LARGER:,} MB, if {workload.memory_megabytes} are too few",
        replace(workload, memory_megabytes=_LARGER),
    )
    yield (
        f"{_MORE_LOGS:,} bytes of logs for each execution, as the host sends by itself",
        replace(workload, log_bytes=_MORE_LOGS),
    )
    yield (
        "a line of the audit for each of the tenants' blobs that retention deletes",
        replace(workload, audited_deletions=True),
    )
    other = "serverless" if workload.autoscale else "autoscale throughput"
    yield f"Cosmos DB with {other}", replace(workload, autoscale=not workload.autoscale)
    yield (
        "facts in Cosmos DB for as long as their conversation",
        replace(workload, fact_days=workload.retention_months * 31),
    )


def dearer_replaces(workload: Workload, prices: Prices) -> tuple[Decimal, Decimal]:
    """What a conversation's replaces cost more on Microsoft's page: request units of one, dollars of all."""
    more = replaces(workload, measured_budget()) * request_units().more_for_a_replace
    return more, prices.meters["cosmosRequestUnits"].dollars(more * workload.conversations)


def units_of_one(workload: Workload) -> Decimal:
    """The request units of one conversation, without what sweeps ask for whatever there is."""
    twice = replace(workload, conversations=2 * workload.conversations)
    return (patchbay(twice).request_units - patchbay(workload).request_units) / workload.conversations
