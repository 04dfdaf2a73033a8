"""What is computed from all facts of a long conversation is computed in a thread, while the loop serves others."""

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import ParamSpec, TypeVar

import pytest

from shared.aside import Aside
from shared.conversations.all_facts import MANY, of_all
from tests.builders import contoso, fact_of, message
from tests.conversations.pipelines import NOW
from tests.prove.long_conversations import computed_by, grown, lines_in_turn, steps

P = ParamSpec("P")
T = TypeVar("T")


class Counting(Aside):
    """Counts what it is asked to run in a thread."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    async def run(self, work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
        self.asked += 1
        return await super().run(work, *given, **named)


@pytest.mark.parametrize(("count", "aside"), [(0, False), (MANY - 1, False), (MANY, True)])
async def test_of_many_facts_a_thread_computes(count: int, aside: bool) -> None:
    facts = [fact_of(message(event_id=f"m{number}"), NOW) for number in range(count)]
    assert (await of_all(Aside(), facts, threading.get_ident) != threading.get_ident()) is aside
    assert await of_all(Aside(), facts, len, facts) == count


@pytest.mark.parametrize(("facts", "aside"), [(MANY // 2, False), (MANY, True)])
async def test_whatever_becomes_of_a_long_conversation_others_are_served(facts: int, aside: bool) -> None:
    # Given a conversation of so many lines
    counting = Counting()
    pipeline = await computed_by(counting).configured()
    await grown(pipeline, lines_in_turn, facts)
    asked: dict[str, bool] = {}
    # When it is read, ends, is archived and forgotten
    for step, act in steps(pipeline, timedelta(days=contoso().retention_days)).items():
        before = counting.asked
        await act()
        asked[step] = counting.asked > before
    # Then each step that computes from all of its facts does so in a thread; a page of its transcript never does
    computing = [step for step in asked if step not in ("transcript", "a late line", "forgotten")]
    assert {asked[step] for step in computing} == {aside}
    assert not asked["transcript"]
