"""The demand of three designs on Azure for the same conversations: Patchbay as measured, two naive ones modelled."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from shared.events.catalog import EVENT_CLASSES
from tools.cost.files import prices_file
from tools.cost.request_units import request_units
from tools.cost.workload import HOURS, SECONDS, Demand, Executions, Workload

_PEEKS_PER_MINUTE = 6
_DAYS = Decimal(HOURS) / 24
_NIGHTS, _PAGE = Decimal("15.5"), 1000
"""How many nightly queries over the month so far find a conversation, on average; documents of a page."""
_MARKER_BYTES, _MARKER_TERMS = 100, 4
_ASKED_BY_SWEEP = ("inactivity.timeout", "archive", "end of retention")
_ARCHIVE_WRITES, _ARCHIVE_READS, _ARCHIVE_DELETIONS = 1, 5, 1
"""Of one conversation: its part is looked for and written; when it is forgotten, it is read, and looked for twice."""
_PER_MESSAGE = 3
"""Bus operations for each message: it is sent, received and completed."""

Budget = Mapping[str, Any]


@dataclass(frozen=True)
class Design:
    """A design: its name, its description in the output, and its demand for a workload."""

    name: str
    description: str
    demand: Callable[[Workload], Demand]


def measured_budget() -> Budget:
    """The measurements of the budget test: `infra/prices/budget.json`."""
    return prices_file("budget.json")


def measured_workload() -> Workload:
    """A month of conversations like those that were measured."""
    conversation = measured_budget()["conversation"]
    return Workload(conversation["messages"], conversation["escalated"])


def occurrences(workload: Workload, budget: Budget) -> dict[str, Decimal]:
    """How often each event of a conversation happens, on average over escalated ones and others."""
    share = {"kept": 1 - workload.escalated, "escalated": workload.escalated}
    times = {
        name: sum((share[kind] * count for kind, count in counts.items()), Decimal(0))
        for name, counts in budget["conversation"]["times"].items()
    }
    return times | {"message.posted": Decimal(workload.messages)}


def questions(times: Mapping[str, Decimal]) -> Decimal:
    """How often `sweep` publishes a timeout of a conversation whose events happen so often."""
    return sum((times[name] for name in _ASKED_BY_SWEEP), Decimal(0))


def requests(workload: Workload, budget: Budget) -> Decimal:
    """Requests to Cosmos of one conversation, its activities at the ingress included."""
    each = {name: Decimal(sum(event["requests"].values())) for name, event in budget["events"].items()}
    times = occurrences(workload, budget)
    return sum((times[name] * each[name] for name in times), _posted(workload) * each["an activity at the ingress"])


def replaces(workload: Workload, budget: Budget) -> Decimal:
    """The request units of one conversation's replaces, as this project's price table has them."""
    times = occurrences(workload, budget)
    return sum((times[name] * Decimal(budget["events"][name]["replaces"]) for name in times), Decimal(0))


def patchbay(workload: Workload) -> Demand:
    """Requests and request units as the budget test measures them.

    A function per event type, a row in the ledger and an archive per conversation; a timer looks for silence, with one
    query per tenant, and asks all its questions at once. Each activity reads its thread at the ingress.
    """
    budget = measured_budget()
    units = {name: Decimal(event["measured"]) for name, event in budget["events"].items()}
    times = occurrences(workload, budget)
    runs = SECONDS / workload.sweep_seconds
    per_sweep = request_units().read(1) + request_units().query(0) * workload.tenants
    conversation = sum((times[name] * units[name] for name in times), Decimal(0))
    conversation += _posted(workload) * units["an activity at the ingress"]
    # A sweep asks all its questions at once.
    questions_asked = {each.type_name() for each in EVENT_CLASSES if each.is_question}
    groups = {
        each.type_name(): questions(times) if each.is_question else times[each.type_name()]
        for each in EVENT_CLASSES
        # Few conversations have a changed line, so the average one has none.
        if each.subscription and (each.is_question or each.type_name() in times)
    }
    asked = sum((times[name] * units[name] for name in _ASKED_BY_SWEEP), Decimal(0))
    peeks = Decimal(_PEEKS_PER_MINUTE * 60 * HOURS)
    stored = budget["conversation"]["storedBytes"]
    # A line more or less is a fact's document more or less.
    lines = (workload.messages - budget["conversation"]["messages"]) * workload.line_bytes
    kept = workload.conversations * workload.retention_months
    with_facts = workload.conversations * min(Decimal(workload.retention_months), workload.fact_days / _DAYS)
    return Demand(
        request_units=conversation * workload.conversations + runs * per_sweep,
        stored_bytes=stored["cosmos"] * kept + (stored["facts"] + lines) * with_facts,
        bus_operations=sum(times.values()) * workload.conversations * _PER_MESSAGE + peeks,
        executions={
            "http": Executions(_posted(workload) * workload.conversations),
            **{
                name: Executions(count * workload.conversations, bursts=runs if name in questions_asked else None)
                for name, count in groups.items()
            },
            "sweep": Executions(runs, is_timer=True),
        },
        burst=asked * workload.conversations / runs,
        blob_writes=Decimal(_ARCHIVE_WRITES * workload.conversations),
        blob_reads=Decimal(_ARCHIVE_READS * workload.conversations),
        blob_deletions=Decimal(_ARCHIVE_DELETIONS * workload.conversations),
        archive_bytes=Decimal((stored["archive"] + lines) * kept),
    )


def one_document(workload: Workload) -> Demand:
    """A document per conversation holds all of it, and every path is indexed.

    Each event creates a marker in a container of its own, which tells duplicates, reads the document, and replaces it
    whole. For each line a message is scheduled, whose function reads the document and finds a newer line.
    """
    prices = request_units()
    units, size, timers = _nightly(), workload.state_bytes, Decimal(0)
    for share, is_line in _events(workload):
        units += share * (prices.write(_MARKER_BYTES, _MARKER_TERMS) + prices.read(size))
        size += workload.line_bytes if is_line else 0
        units += share * prices.write(size, workload.state_terms + (workload.line_terms if is_line else 0))
        if is_line:
            units += prices.read(size)
            timers += 1
    return _naive(workload, units, Decimal(size), timers)


def every_fact(workload: Workload) -> Demand:
    """A Service Bus session per conversation; a document per event and one for the state, every path indexed.

    Each event creates its document, which tells duplicates, reads all of the conversation's by a query, and replaces
    the state. A timer looks for silence with one query.
    """
    prices = request_units()
    units, facts = _nightly(), Decimal(0)
    for share, _ in _events(workload):
        facts += share
        units += share * prices.write(workload.line_bytes, workload.line_terms)
        units += share * prices.query(facts)
        units += share * prices.write(workload.state_bytes, workload.state_terms)
    return _naive(workload, units, workload.state_bytes + facts * workload.line_bytes, Decimal(0), sessions=True)


def _nightly() -> Decimal:
    """The request units for one conversation of a query over the month so far, each night, to count usage."""
    return request_units().query(_PAGE) / _PAGE * _NIGHTS


def _events(workload: Workload) -> list[tuple[Decimal, bool]]:
    """A conversation's events in order: the share of conversations that have it, and True if it is a line."""
    lines = [(Decimal(1), True)] * workload.messages
    return [(Decimal(1), False), *lines, (workload.escalated, False), (Decimal(1), False)]


def _posted(workload: Workload) -> Decimal:
    """A conversation's requests to the ingress: a join, the lines, an escalation of some, an end."""
    return sum((share for share, _ in _events(workload)), Decimal(0))


def _naive(workload: Workload, units: Decimal, size: Decimal, timers: Decimal, *, sessions: bool = False) -> Demand:
    events, conversations = _posted(workload), workload.conversations
    operations = (events + timers) * _PER_MESSAGE + (1 if sessions else 0)
    groups = {"http": events, "events": events} | ({"timers": timers} if timers else {})
    executions = {name: Executions(count * conversations) for name, count in groups.items()}
    runs = Decimal(0) if timers else SECONDS / workload.sweep_seconds
    return Demand(
        request_units=units * conversations + runs * request_units().query(0),
        stored_bytes=size * conversations * workload.retention_months,
        bus_operations=operations * conversations,
        executions=executions | ({"sweep": Executions(runs, is_timer=True)} if runs else {}),
    )


def _description(model: Callable[[Workload], Demand]) -> str:
    return " ".join((model.__doc__ or "").split())


DESIGNS = (
    Design("patchbay", _description(patchbay), patchbay),
    Design("one document", _description(one_document), one_document),
    Design("every fact", _description(every_fact), every_fact),
)
