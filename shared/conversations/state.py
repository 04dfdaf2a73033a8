"""The states of a conversation and every transition that is allowed (Dynamics 365: conversation states)."""

from collections.abc import Mapping
from typing import Literal

State = Literal["open", "active", "waiting", "wrapUp", "closed"]

TRANSITIONS: Mapping[State, frozenset[State]] = {
    "open": frozenset({"active", "closed"}),
    "active": frozenset({"active", "open", "waiting", "wrapUp", "closed"}),
    "waiting": frozenset({"active", "open", "closed"}),
    "wrapUp": frozenset({"closed"}),
    "closed": frozenset(),
}
"""From → to. A conversation begins as `open`. `closed` is final: a later line is late, or in the next conversation."""


def moved(current: State, to: State) -> State:
    """The state after a transition, which may lead to the same state. Raises ValueError if it is not allowed."""
    if to != current and to not in TRANSITIONS[current]:
        raise ValueError(f"a conversation cannot go from {current} to {to}")
    return to
