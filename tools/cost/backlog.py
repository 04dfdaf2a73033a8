"""How long messages may wait before they fill the topic, and senders are refused."""

from collections.abc import Iterator
from decimal import Decimal

from shared.timers.asked import ASKED_AGAIN_AFTER
from tools.cost.designs import Budget, measured_budget, occurrences, questions
from tools.cost.workload import HOURS, SECONDS, Workload

TOPIC_MEGABYTES = {"Standard": 5120, "Premium": 81920}
"""The topic's size in each tier (`infra/modules/serviceBus.bicep`)."""
KEPT_DAYS = 7
"""Days that a message waits before it becomes a dead letter, which takes as much of the topic."""


def sent_bytes(workload: Workload, budget: Budget) -> Decimal:
    """The bytes of all messages of one conversation, each with its properties."""
    times = occurrences(workload, budget)
    return sum((times[name] * budget["events"][name]["busBytes"] for name in times), Decimal(0))


def days_until_full(megabytes: int, workload: Workload, budget: Budget) -> Decimal:
    """How many days' messages fill the topic if none is taken."""
    a_day = sent_bytes(workload, budget) * workload.conversations * 24 / HOURS
    return _bytes(megabytes) / a_day


def hours_of_sweeps_until_full(megabytes: int, workload: Workload, budget: Budget) -> Decimal:
    """The fewest hours in which timeouts fill the topic if none is taken, because each is published again each hour."""
    due_a_second = questions(occurrences(workload, budget)) * workload.conversations / SECONDS
    size: int = budget["events"]["inactivity.timeout"]["busBytes"]
    # After t seconds due_a_second * t conversations are due, and an average pause up to then had half as many.
    pause = Decimal(int(ASKED_AGAIN_AFTER.total_seconds()))
    return (2 * pause * _bytes(megabytes) / size / due_a_second).sqrt() / 3600


def backlog(workload: Workload) -> Iterator[str]:
    """How long a backlog fits in each tier, as lines to print."""
    budget = measured_budget()
    messages, size = sum(occurrences(workload, budget).values()), sent_bytes(workload, budget)
    yield f"Backlog: a conversation is {messages:.1f} messages, {size:,.0f} bytes, without what Service Bus adds."
    for tier, megabytes in TOPIC_MEGABYTES.items():
        days = days_until_full(megabytes, workload, budget)
        short = f", fewer than the {KEPT_DAYS} that a message waits" if days < KEPT_DAYS else ""
        hours = hours_of_sweeps_until_full(megabytes, workload, budget)
        yield (
            f"  {tier}: the topic's {megabytes / 1024:.0f} GB hold the messages of {days:.1f} days{short}; "
            f"if inactivity_timeout takes none while sweep runs, timeouts alone fill them in {hours:.0f} hours or more"
        )
    yield f"  then senders are refused; a message that waits for {KEPT_DAYS} days is a dead letter, and still counts"


def _bytes(megabytes: int) -> Decimal:
    return Decimal(megabytes) * 2**20
