"""All conversations of the sample month, told from what was posted. It shares no code with the pipeline.

A channel's thread is one conversation after another: after an end, a customer's word or an escalation begins the next
one. What names its conversation itself stays there; only where an end by silence did not know that the customer would
come back, what the customer says, and all after it, is said once more in a next conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.independent_count.conversation import CountedConversation
from local.independent_count.occurrence import Occurrence


def counted_conversations(
    occurrences: Iterable[Occurrence], configurations: dict[str, dict[str, Any]], until: datetime
) -> list[CountedConversation]:
    """Every conversation as it is at the time `until`."""
    threads: defaultdict[tuple[str, str], list[Occurrence]] = defaultdict(list)
    for one in occurrences:
        threads[one.tenant, one.thread].append(one)
    told: list[CountedConversation] = []
    for (tenant, _), of_thread in threads.items():
        ordered = sorted(of_thread, key=lambda one: (one.at, one.kind == "end"))
        several = _thread if ordered[0].threaded else _named
        told += several(ordered, configurations[tenant], until)
    return told


def _thread(
    occurrences: Sequence[Occurrence], configuration: dict[str, Any], until: datetime
) -> Iterator[CountedConversation]:
    told: CountedConversation | None = None
    for one in occurrences:
        if told is not None:
            told.wait(one.at)
        if told is None or (told.ended is not None and _begins(one)):
            if told is not None:
                yield told
            told = CountedConversation(one.tenant, one.thread, configuration, one.at)
            told.start(one)
        told.apply(one)
    if told is not None:
        told.wait(until)
        yield told


def _named(
    occurrences: Sequence[Occurrence], configuration: dict[str, Any], until: datetime
) -> Iterator[CountedConversation]:
    start = next((one for one in occurrences if one.kind == "start"), None)
    told = CountedConversation(occurrences[0].tenant, occurrences[0].thread, configuration, occurrences[0].at)
    if start is not None:
        told.start(start)
    again: list[Occurrence] = []
    for one in occurrences:
        told.wait(one.at)
        silent = told.ended is not None and told.ended in told.silences
        if silent and start is not None and one.kind in ("line", "escalation") and (again or _begins(one)):
            again.append(replace(one, place=start.place, locale=start.locale))
        told.apply(one)
    told.wait(until)
    yield told
    yield from _thread(again, configuration, until)


def _begins(one: Occurrence) -> bool:
    return (one.who == "customer" and one.kind in ("start", "line")) or one.kind == "escalation"
