"""Random threads give the same bill and the same transcripts however late, and however often, they arrive."""

from collections.abc import Callable, Iterable
from dataclasses import replace as replaced

import pytest

from shared.effects.tell_thread import TellThreadHandler
from shared.events.types.session_settled import SessionSettled
from shared.pipeline import Pipeline
from shared.wire import replace
from tests.conversations.pipelines import InMemory, Pipelines
from tests.conversations.random_threads import Findings, differing

SEEDS = range(60)


async def findings(seeds: Iterable[int], empty: Pipelines = InMemory) -> list[Findings]:
    return [one for seed in seeds for one in await differing(seed, 2, empty)]


async def test_no_delay_no_order_and_no_repetition_adds_a_session_or_loses_a_line() -> None:
    found = await findings(SEEDS)
    assert [one for one in found if not one.is_right] == []
    # and a delay may take a session away, where one conversation holds what would have been two
    assert any(one.sessions_taken for one in found)


class Untold:
    """Tells no conversation what it counts as."""

    async def record_if_known(self, tenant_id: str, event: SessionSettled) -> None:
        return


class FirstWordStands:
    """Records what conversations count as without saying which telling is the newest."""

    def __init__(self, handler: TellThreadHandler) -> None:
        self._recording = handler.recording

    async def record_if_known(self, tenant_id: str, event: SessionSettled) -> None:
        await self._recording.record_if_known(tenant_id, replace(event, data=replace(event.data, revision=0)))


@pytest.mark.parametrize(("wrong", "seeds"), [(lambda _: Untold(), SEEDS), (FirstWordStands, [758])])
async def test_without_what_the_thread_tells_sessions_are_added(
    wrong: Callable[[TellThreadHandler], Untold | FirstWordStands], seeds: Iterable[int]
) -> None:
    def telling_otherwise(**ports: Callable[[Pipeline], Pipeline]) -> InMemory:
        def rewired(pipeline: Pipeline) -> Pipeline:
            handlers = pipeline.sweep.effects.handlers
            told = handlers["tellThread"]
            assert isinstance(handlers, dict)
            assert isinstance(told, TellThreadHandler)
            handlers["tellThread"] = replaced(told, recording=wrong(told))
            return ports["rewired"](pipeline)

        return InMemory(rewired=rewired)

    assert any(one.sessions_added for one in await findings(seeds, telling_otherwise))
