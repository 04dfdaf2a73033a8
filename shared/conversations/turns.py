"""Turns: in one process a conversation is worked on by one task at a time, on all that has come for it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Item = TypeVar("Item")
Outcome = TypeVar("Outcome")
Place = tuple[str, str]
"""Tenant and conversation key."""

MOST_ITEMS = 90
"""Items of a group. A batch of Cosmos DB takes 100 operations: these, the head, its list of decisions, and others."""
MOST_BYTES = 1_000_000
"""Bytes of a group, but for a single item that is longer. A batch of Cosmos DB takes 2 MB."""


@dataclass(frozen=True)
class Worked(Generic[Outcome]):
    """What became of a group: an outcome or an error for each item, and what is left to do after the turn."""

    outcomes: Sequence[Outcome | BaseException]
    afterwards: Callable[[], Awaitable[None]] | None = None


@dataclass(frozen=True)
class _Waiting(Generic[Item, Outcome]):
    item: Item
    size: int
    outcome: "asyncio.Future[Outcome]"


class Turns(Generic[Item, Outcome]):
    """Hands what has come for a conversation to `work`, group after group, first come first served.

    A turn is held only while `work` runs; it must not wait for another turn. What it leaves to do `afterwards` runs
    when the turn is given back, and the callers get their outcomes after it.
    """

    def __init__(self, work: Callable[[Place, Sequence[Item]], Awaitable[Worked[Outcome]]]) -> None:
        self._work = work
        self._waiting: dict[Place, deque[_Waiting[Item, Outcome]]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take(self, place: Place, item: Item, size: int) -> Outcome:
        """The outcome for the item. Raises what `work` returned for it, or raised.

        A caller that is cancelled leaves its item in the group, to whose other callers nothing happens.
        """
        one = _Waiting[Item, Outcome](item, size, asyncio.get_running_loop().create_future())
        if (waiting := self._waiting.get(place)) is not None:
            waiting.append(one)
        else:
            self._waiting[place] = deque([one])
            self._start(self._work_off(place))
        return await one.outcome

    async def _work_off(self, place: Place) -> None:
        waiting = self._waiting[place]
        while waiting:
            group = _group(waiting)
            try:
                worked = await self._work(place, [one.item for one in group])
            except asyncio.CancelledError:
                # The loop ends. If it does not, whoever comes next begins anew.
                for one in (*group, *waiting):
                    one.outcome.cancel()
                del self._waiting[place]
                raise
            except BaseException as failure:  # of any kind: it is raised to each caller
                worked = Worked([failure] * len(group))
            if worked.afterwards is None:
                _tell(group, worked.outcomes)
            else:
                self._start(_finish(group, worked.outcomes, worked.afterwards))
        del self._waiting[place]

    def _start(self, work: Coroutine[None, None, None]) -> None:
        # The loop itself holds a task only weakly.
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _finish(
    group: Sequence[_Waiting[Item, Outcome]],
    outcomes: Sequence[Outcome | BaseException],
    afterwards: Callable[[], Awaitable[None]],
) -> None:
    try:
        await afterwards()
    except BaseException as failure:  # of any kind: it is raised to each caller
        outcomes = [failure] * len(group)
    _tell(group, outcomes)


def _group(waiting: deque[_Waiting[Item, Outcome]]) -> list[_Waiting[Item, Outcome]]:
    """Take the next group out of what waits."""
    group = [waiting.popleft()]
    size = group[0].size
    while waiting and len(group) < MOST_ITEMS and size + waiting[0].size <= MOST_BYTES:
        size += waiting[0].size
        group.append(waiting.popleft())
    return group


def _tell(group: Sequence[_Waiting[Item, Outcome]], outcomes: Sequence[Outcome | BaseException]) -> None:
    for one, outcome in zip(group, outcomes, strict=True):
        if one.outcome.done():
            continue  # its caller was cancelled
        if isinstance(outcome, BaseException):
            one.outcome.set_exception(outcome)
        else:
            one.outcome.set_result(outcome)
