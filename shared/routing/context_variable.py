"""Context variables: their declarations in a work stream, and their values in a conversation."""

from collections.abc import Sequence
from enum import Enum
from functools import cached_property
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from shared.near_miss import Spellings, typo_between
from shared.wire import ExactModel

VariableName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
VariableType = Literal["text", "number"]
Value = str | int

MAX_TEXT = 4000
"""Characters of a text value (domain: context variables of Dynamics 365)."""
MAX_VARIABLES = 500
"""Variables of a conversation, declared or not."""
_OF_PLATFORM = ("va_", "msdyn_")
_CLOSING = "closeomnichannelconversation"
_MOST_ALIKE = 5
"""Declared names with which an undeclared one is compared."""


class DeclaredVariable(ExactModel):
    """A context variable as a work stream declares it."""

    name: VariableName
    type: VariableType


class Assignment(ExactModel):
    """One value given to a variable: when, by which fact, and set by whom (`customer`, or `bot` and its id)."""

    name: str
    value: Any
    at: str
    fact_id: str
    set_by: str


class Unusable(Enum):
    """What conditions see in place of a value that they cannot use: `NULL` is known to be no data."""

    NULL = "null"
    OTHER = "other"


def seen_value(value: Any, declared: VariableType) -> Value | Unusable | None:
    """What conditions see of a value: text of at most 4,000 characters, or a whole number; None for an empty text.

    A number without a fraction is whole, also if it is written as 16.0.
    """
    if value == "":
        return None
    if isinstance(value, str):
        return value if declared == "text" and len(value) <= MAX_TEXT else Unusable.OTHER
    if value is None:
        return Unusable.NULL
    if declared == "text" or isinstance(value, bool):
        return Unusable.OTHER
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value if isinstance(value, int) else Unusable.OTHER


def usable_value(value: Any, declared: VariableType) -> bool:
    """True if conditions can use such a value, or take it for no data."""
    return not isinstance(seen_value(value, declared), Unusable)


def is_of_platform(name: str) -> bool:
    """True if Copilot Studio or Dynamics 365 themselves send variables of this name; few tenants declare them."""
    return name.startswith(_OF_PLATFORM) or name.casefold() == _CLOSING


class DeclaredVariables:
    """The variables of a work stream by their names."""

    def __init__(self, declared: Sequence[DeclaredVariable]) -> None:
        self._types = {variable.name: variable.type for variable in declared}

    @cached_property
    def _spellings(self) -> Spellings:
        spellings = Spellings()
        for name in self._types:
            spellings.add(name)
        return spellings

    def complaint(self, assignment: Assignment) -> str | None:
        """The reason why conditions ignore this value; None if they use it, or if nobody expects them to."""
        name, kind = assignment.name, self._types.get(assignment.name)
        if kind is None:
            if is_of_platform(name):
                return None
            return f"{name} is not declared in the work stream"
        if not usable_value(assignment.value, kind):
            usable = f"text of at most {MAX_TEXT} characters" if kind == "text" else "a whole number"
            return f"{name} is declared as {kind}, and its value is not {usable}"
        return None

    def hint(self, name: str) -> str:
        """Which declared name may be meant, to stand after a complaint; empty if the name is declared or like none."""
        if name in self._types:
            return ""
        near = next((known for known in self._spellings.alike(name, _MOST_ALIKE) if typo_between(name, known)), None)
        return f"; did you mean {near!r}?" if near else ""
