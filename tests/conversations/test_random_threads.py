"""Random threads give the same bill and the same transcripts however late, and however often, they arrive."""

from collections.abc import Callable, Iterable
from dataclasses import replace as replaced
from functools import partial

import pytest

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect, TellThread
from shared.conversations.ports import Loaded
from shared.effects.handler import Done, EffectHandler, KeptOut
from shared.effects.tell_thread import TellThreadHandler
from shared.events.types.session_settled import SessionSettled
from shared.pipeline import Pipeline
from shared.wire import replace
from tests.conversations.pipelines import InMemory, Pipelines
from tests.conversations.random_threads import Findings, differing
from tests.fakes import MemoryConversations

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

    def __init__(self, handler: TellThreadHandler) -> None:
        pass

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        return Done()


class UntilStored:
    """Tells the thread that a conversation was open until the moment at which it was closed."""

    def __init__(self, handler: TellThreadHandler) -> None:
        self._handler = handler

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        assert isinstance(effect, TellThread)
        share = replace(effect.share, open_until=effect.share.closed_at)
        return await self._handler.perform(tenant_id, conversation, replace(effect, share=share))


class FirstWordStands:
    """Records what conversations count as without saying which telling is the newest."""

    def __init__(self, handler: TellThreadHandler) -> None:
        self._recording = handler.recording
        self._handler = replaced(handler, recording=self)

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        return await self._handler.perform(tenant_id, conversation, effect)

    async def record_if_known(self, tenant_id: str, event: SessionSettled) -> None:
        await self._recording.record_if_known(tenant_id, replace(event, data=replace(event.data, revision=0)))


def telling(wrong: Callable[[TellThreadHandler], EffectHandler], pipeline: Pipeline) -> Pipeline:
    handlers = pipeline.sweep.effects.handlers
    told = handlers["tellThread"]
    assert isinstance(handlers, dict)
    assert isinstance(told, TellThreadHandler)
    handlers["tellThread"] = wrong(told)
    return pipeline


class ByOwnTimes(MemoryConversations):
    """The same conversations, which say of each fact that it arrived when it counts."""

    def __init__(self, conversations: MemoryConversations) -> None:
        self._partitions = conversations._partitions

    async def load(self, tenant_id: str, key: str, *, decisions: bool = True) -> Loaded:
        loaded = await super().load(tenant_id, key, decisions=decisions)
        return replaced(loaded, facts=[replaced(fact, received_at=fact.at) for fact in loaded.facts])


def checked_by_own_times(pipeline: Pipeline) -> Pipeline:
    timers = pipeline.deliveries.timers
    assert isinstance(timers.conversations, MemoryConversations)
    same = ByOwnTimes(timers.conversations)
    return replaced(pipeline, deliveries=replaced(pipeline.deliveries, timers=replaced(timers, conversations=same)))


async def found_where(wrong: Callable[[Pipeline], Pipeline], seeds: Iterable[int]) -> list[Findings]:
    def rewired(cut_short: Callable[[Pipeline], Pipeline], pipeline: Pipeline) -> Pipeline:
        return cut_short(wrong(pipeline))

    return await findings(seeds, lambda **ports: InMemory(rewired=partial(rewired, ports["rewired"])))


@pytest.mark.parametrize(("wrong", "seeds"), [(Untold, [0]), (UntilStored, [8]), (FirstWordStands, [1501])])
async def test_without_what_the_thread_tells_sessions_are_added(
    wrong: Callable[[TellThreadHandler], EffectHandler], seeds: Iterable[int]
) -> None:
    assert any(one.sessions_added for one in await found_where(partial(telling, wrong), seeds))


async def test_where_silence_counts_by_times_alone_nobody_takes_up_what_comes_late() -> None:
    assert any(one.not_taken_up for one in await found_where(checked_by_own_times, [7]))
