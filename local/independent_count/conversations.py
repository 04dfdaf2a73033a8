"""All conversations of the sample month, told from what was heard. It shares no code with the pipeline.

A channel's thread is one conversation after another: after an end, a customer's word or an escalation begins the next
one. What names its conversation itself stays there; only where an end by silence did not know that the customer would
come back, what the customer says, and all after it, is said once more in a next conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from local.independent_count.conversation import Told
from local.independent_count.occurrence import Heard


def retell(heard: Iterable[Heard], configurations: dict[str, dict[str, Any]], until: datetime) -> list[Told]:
    """Every conversation as it is at the time `until`."""
    threads: defaultdict[tuple[str, str], list[Heard]] = defaultdict(list)
    for one in heard:
        threads[one.tenant, one.thread].append(one)
    told: list[Told] = []
    for (tenant, _), said in threads.items():
        ordered = sorted(said, key=lambda one: (one.at, one.kind == "end"))
        several = _thread if ordered[0].threaded else _named
        told += several(ordered, configurations[tenant], until)
    return told


def _thread(said: Sequence[Heard], configuration: dict[str, Any], until: datetime) -> Iterator[Told]:
    told: Told | None = None
    for one in said:
        if told is not None:
            told.wait(one.at)
        if told is None or (told.ended is not None and _begins(one)):
            if told is not None:
                yield told
            told = Told(one.tenant, one.thread, configuration, one.at)
            told.start(one)
        told.hear(one)
    if told is not None:
        told.wait(until)
        yield told


def _named(said: Sequence[Heard], configuration: dict[str, Any], until: datetime) -> Iterator[Told]:
    start = next((one for one in said if one.kind == "start"), None)
    told = Told(said[0].tenant, said[0].thread, configuration, said[0].at)
    if start is not None:
        told.start(start)
    again: list[Heard] = []
    for one in said:
        told.wait(one.at)
        silent = told.ended is not None and told.ended in told.silences
        if silent and start is not None and one.kind in ("line", "escalation") and (again or _begins(one)):
            again.append(replace(one, place=start.place, locale=start.locale))
        told.hear(one)
    told.wait(until)
    yield told
    yield from _thread(again, configuration, until)


def _begins(one: Heard) -> bool:
    return (one.who == "customer" and one.kind in ("start", "line")) or one.kind == "escalation"
