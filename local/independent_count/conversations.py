"""All conversations of the sample month, counted from the posts. It shares no code with the pipeline.

A channel's thread is one conversation after another: after an end, a customer's line or an escalation begins the next
one. Occurrences that name their conversation stay in it. If the customer comes back after an end by silence, the
customer's line and those after it are repeated in a next conversation.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import accumulate
from typing import Any

from local.independent_count.changes import with_changes
from local.independent_count.conversation import CountedConversation
from local.independent_count.occurrence import Occurrence
from local.independent_count.spans import mark_those_that_continue


def counted_conversations(
    occurrences: Iterable[Occurrence], configurations: dict[str, dict[str, Any]], until: datetime
) -> list[CountedConversation]:
    """Every conversation as it is at the time `until`."""
    threads: defaultdict[tuple[str, str], list[Occurrence]] = defaultdict(list)
    for occurrence in with_changes(occurrences):
        threads[occurrence.tenant, occurrence.thread].append(occurrence)
    conversations: list[CountedConversation] = []
    for (tenant, _), of_thread in threads.items():
        ordered = sorted(of_thread, key=lambda occurrence: (occurrence.at, occurrence.kind == "end"))
        count = _in_thread if ordered[0].threaded else _named
        found = list(count(ordered, configurations[tenant], until))
        mark_those_that_continue(found)
        conversations += found
    return conversations


def _in_thread(
    occurrences: Sequence[Occurrence], configuration: dict[str, Any], until: datetime
) -> Iterator[CountedConversation]:
    conversation: CountedConversation | None = None
    for occurrence, known in _with_what_is_known(occurrences):
        if conversation is not None:
            conversation.wait(known)
        if conversation is None or (conversation.ended is not None and occurrence.begins):
            if conversation is not None:
                yield conversation
            conversation = CountedConversation(occurrence.tenant, occurrence.thread, configuration, occurrence.at)
            conversation.start(occurrence)
        conversation.apply(occurrence)
    if conversation is not None:
        conversation.wait(until)
        yield conversation


def _named(
    occurrences: Sequence[Occurrence], configuration: dict[str, Any], until: datetime
) -> Iterator[CountedConversation]:
    first, start = occurrences[0], next((each for each in occurrences if each.kind == "start"), None)
    conversation = CountedConversation(first.tenant, first.thread, configuration, first.at)
    if start is not None:
        conversation.start(start)
    repeated: list[Occurrence] = []
    for each, known in _with_what_is_known(occurrences):
        conversation.wait(known)
        silent = conversation.ended is not None and conversation.ended in conversation.silences
        if silent and start is not None and each.kind != "start" and (repeated or each.begins):
            repeated.append(replace(each, place=start.place, locale=start.locale))
        else:
            conversation.apply(each)
    conversation.wait(until)
    yield conversation
    yield from _in_thread(repeated, configuration, until)


def _with_what_is_known(occurrences: Sequence[Occurrence]) -> Iterator[tuple[Occurrence, datetime]]:
    """Each occurrence, and when it or anything later is known first: until then nobody knows of any word."""
    known = list(accumulate((each.known for each in reversed(occurrences)), min))
    return zip(occurrences, reversed(known), strict=True)
