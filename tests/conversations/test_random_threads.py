"""Random threads give the same bill and the same transcripts however late, and however often, they arrive."""

from functools import partial
from typing import Any

from tests.conversations.pipelines import InMemory
from tests.conversations.random_threads import Findings, differing

SEEDS = range(60)


async def findings(seeds: range, **ports: Any) -> list[Findings]:
    return [one for seed in seeds for one in await differing(seed, 2, partial(InMemory, **ports))]


async def test_no_delay_no_order_and_no_repetition_adds_a_session_or_loses_a_line() -> None:
    found = await findings(SEEDS)
    assert [one for one in found if not one.is_right] == []
    # and the threads are not all alike: some are counted otherwise, because one conversation holds several stretches
    assert any(one.sessions_taken for one in found)
