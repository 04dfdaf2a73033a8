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
"""From → to. A conversation begins as `open`; `closed` is final: what comes later is late, or a new conversation."""


def moved(current: State, to: State) -> State:
    """The state after a move. Staying where one is, is no move; anything not listed is a programming error."""
    if to != current and to not in TRANSITIONS[current]:
        raise ValueError(f"a conversation cannot go from {current} to {to}")
    return to
