"""Random threads, played promptly and then late, in other orders, twice, with effects cut short and timers lost."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random
from typing import Any

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect
from shared.effects.handler import Done, EffectHandler, KeptOut
from shared.errors import StoreUnavailable
from shared.pipeline import Pipeline
from tests.conversations.pipelines import NOW, InMemory
from tests.conversations.spans import (
    Happening,
    What,
    counted,
    happening,
    lines,
    minutes,
    not_taken_up,
    played,
    shown,
    tenant,
    timers_until,
)

SHORTEST = minutes(15)
"""The shortest policy of silence."""
LONGEST_DELAY = 3 * 24 * 60.0
MOST_OFF = 10.0
"""Minutes by which a sender's clock may be wrong."""
_WEIGHTS: dict[What, int] = {
    "customer": 40,
    "bot": 26,
    "secondBot": 6,
    "agent": 12,
    "note": 4,
    "escalation": 6,
    "secondEscalation": 2,
    "end": 4,
    "customersEnd": 4,
}
_GAPS = (0.5, 1, 2, 5, 14, 16, 25, 31, 70)

Pipelines = Callable[..., InMemory]


@dataclass(frozen=True)
class Sample:
    """A tenant, and what happened in one of its threads, in order."""

    configured: dict[str, Any]
    happened: Sequence[Happening]


@dataclass(frozen=True)
class Findings:
    """What is wrong with a thread that was not delivered promptly: each is a number of lines or sessions."""

    sessions_added: int = 0
    sessions_taken: int = 0
    shown_wrongly: int = 0
    rebuilt_otherwise: int = 0
    not_taken_up: int = 0

    @property
    def is_right(self) -> bool:
        return not (self.sessions_added or self.shown_wrongly or self.rebuilt_otherwise or self.not_taken_up)


def sample(seed: int) -> Sample:
    """The thread of this seed: two to ten things that happened within hours."""
    chance = Random(seed)
    configured: dict[str, Any] = {
        "starts_with": chance.choice(["bot", "bot", "people"]),
        "escalates_to": chance.choice(["people", "secondBot"]),
    }
    for policy, values in {"agent": (15, 40), "open": (60,), "fail_over": (2, 5)}.items():
        if chance.random() < 0.4:
            configured[policy] = chance.choice(values)
    at, happened = 0.0, [happening("customer", 0)]
    for _ in range(chance.randint(1, 9)):
        at += chance.choice(_GAPS)
        [what] = chance.choices(list(_WEIGHTS), list(_WEIGHTS.values()))
        happened.append(happening(what, at))
    return Sample(configured, happened)


def delayed(happened: Sequence[Happening], chance: Random) -> list[Happening]:
    """The same happenings, some of them late by up to three days, some twice."""
    late = []
    for one in happened:
        delay = min(LONGEST_DELAY, chance.expovariate(1 / chance.choice([3, 40, 600]))) if chance.random() < 0.4 else 0
        late.append(replace(one, stored=one.at + delay))
        if chance.random() < 0.15:
            late.append(replace(one, stored=one.at + delay + chance.choice([0, 1, 30, 2000])))
    return late


def by_wrong_clocks(happened: Sequence[Happening], chance: Random) -> list[Happening]:
    """The same happenings, as senders say them whose clocks are off by up to ten minutes."""
    off = {what: chance.uniform(-MOST_OFF, MOST_OFF) for what in _WEIGHTS}
    return [replace(one, says=one.at + off[one.what]) for one in happened]


async def differing(
    seed: int, variants: int, empty: Pipelines = InMemory, *, wrong_clocks: bool = False
) -> list[Findings]:
    """What differs in each variant of the thread of this seed from its prompt delivery. `empty` makes a pipeline."""
    thread = sample(seed)
    prompt = await played(await InMemory().configured(tenant(**thread.configured)), thread.happened)
    sessions = await counted(prompt)
    found = []
    for variant in range(variants):
        chance = Random(f"{seed}.{variant}")
        pipeline = await empty(rewired=cut_short(chance)).configured(tenant(**thread.configured))
        late = delayed(by_wrong_clocks(thread.happened, chance) if wrong_clocks else thread.happened, chance)
        for one in sorted(late, key=lambda each: each.stored):
            if chance.random() < 0.8:
                await timers_until(pipeline, one.stored)
            else:
                # The timers are away until something else arrives.
                pipeline.clock.advance(max(NOW + minutes(one.stored) - pipeline.clock.now(), timedelta()))
            await pipeline.deliveries.deliver(one.event().to_json().encode())
            await pipeline.drain()
        await timers_until(pipeline, late[-1].at + LONGEST_DELAY + 45 * 24 * 60)
        got, want = await shown(pipeline), lines(thread.happened)
        difference = await counted(pipeline) - sessions
        found.append(
            Findings(
                sessions_added=max(0, difference),
                sessions_taken=max(0, -difference),
                shown_wrongly=sum(got.count(text) != want.count(text) for text in {*got, *want}),
                not_taken_up=len(await not_taken_up(pipeline, SHORTEST)),
                rebuilt_otherwise=len((await pipeline.rebuild.compare("contoso")).differences),
            )
        )
    return found


def cut_short(chance: Random) -> Callable[[Pipeline], Pipeline]:
    """Has effects fail sometimes, before they are performed or after, so that they are performed again, later."""

    class CutShort:
        def __init__(self, handler: EffectHandler) -> None:
            self._handler = handler

        async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
            if chance.random() < 0.1:
                raise StoreUnavailable("it is away")
            done = await self._handler.perform(tenant_id, conversation, effect)
            if chance.random() < 0.1:
                raise StoreUnavailable("the answer is lost")
            return done

    def rewired(pipeline: Pipeline) -> Pipeline:
        handlers = pipeline.sweep.effects.handlers
        assert isinstance(handlers, dict), "the pipeline's handlers are in a dictionary"
        handlers.update({kind: CutShort(handler) for kind, handler in handlers.items()})
        return pipeline

    return rewired
