"""The counts of instructions: every type has its steps, and what differs by more than a twentieth is told."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from shared.conversations.lists import Selection
from shared.events.catalog import EVENT_CLASSES
from tests.bench.growth import opened
from tests.bench.instructed import DELIVERED, RECEIVED, play
from tests.bench.instructions import differences
from tests.bench.lifecycle import TENANT
from tests.bench.page import kept_counts


async def test_every_type_is_received_if_it_can_be_and_delivered(tmp_path: Path) -> None:
    # given a pipeline
    steps: list[str] = []

    async def step(name: str, work: Callable[[], Awaitable[None]]) -> None:
        steps.append(name)
        await work()

    # when two conversations are played step by step
    async with opened(tmp_path / "patchbay.db") as pipeline:
        await play(pipeline, "c", 2, step)
        heads = (await pipeline.conversations.page(TENANT, Selection(), None)).heads
        parked = await pipeline.parked.parked(TENANT)
    # then every type that travels has its steps, which are those that are kept, and all was recorded; a change of a
    # line costs what a line does
    travelling = [each for each in EVENT_CLASSES if each.subscription and (each.is_activity or each.is_question)]
    types = {each.type_name(): each.is_question for each in travelling}
    received = {f"{name} {RECEIVED}" for name, is_question in types.items() if not is_question}
    assert set(steps) == {f"{name} {DELIVERED}" for name in types} | received
    assert all(set(steps) == set(counts) for counts in kept_counts().values())
    assert [head.conversation.state for head in heads] == ["closed", "closed"]
    assert not parked


@pytest.mark.parametrize(
    ("now", "told"),
    [
        ({"a": 1_050}, []),
        ({"a": 951}, []),
        ({"a": 1_051}, ["a: 1,051 instructions an event, and 1,000 are kept"]),
        ({"a": 949}, ["a: 949 instructions an event, and 1,000 are kept"]),
        ({"a": 1_000, "b": 5}, ["b: 5 instructions an event, and 0 are kept"]),
        ({}, ["a: 0 instructions an event, and 1,000 are kept"]),
    ],
)
def test_a_count_that_differs_by_more_than_a_twentieth_is_told(now: dict[str, int], told: list[str]) -> None:
    # given a count of 1,000, when another is compared with it, then a difference over 50 is told
    assert differences({"a": 1_000}, now) == told
