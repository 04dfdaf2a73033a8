"""What is computed from all facts of a conversation at once: of many in a thread, since others would have to wait."""

from collections.abc import Callable, Sequence
from typing import ParamSpec, TypeVar

from shared.aside import Aside
from shared.conversations.fact import Fact

P = ParamSpec("P")
T = TypeVar("T")

MANY = 200
"""From so many facts on a thread is worth its hop. What takes a second of 10,000 facts takes 20 ms of 200."""


async def of_all(aside: Aside, facts: Sequence[Fact], work: Callable[P, T], *given: P.args, **named: P.kwargs) -> T:
    """The result of a pure function of these facts and of what else it is given; raises what it raises."""
    return work(*given, **named) if len(facts) < MANY else await aside.run(work, *given, **named)
