"""Context variables: their declarations in a work stream, and their values in a conversation."""

from collections.abc import Sequence
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import StringConstraints

from shared.wire import ExactModel

VariableName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
VariableType = Literal["text", "number"]
Value = str | int

MAX_TEXT = 4000
"""Characters of a text value (domain: context variables of Dynamics 365)."""
MAX_VARIABLES = 500
"""Variables of a conversation, declared or not."""


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


class DeclaredVariables:
    """The variables of a work stream by their names."""

    def __init__(self, declared: Sequence[DeclaredVariable]) -> None:
        self._types = {variable.name: variable.type for variable in declared}
        self._by_folded = {variable.name.casefold(): variable.name for variable in reversed(declared)}

    def complaint(self, assignment: Assignment) -> str | None:
        """The reason why conditions ignore this value, or None if they use it."""
        name, kind = assignment.name, self._types.get(assignment.name)
        if kind is None:
            near = self._by_folded.get(name.casefold())
            hint = f"; did you mean {near}?" if near else ""
            return f"{name} is not declared in the work stream{hint}"
        if not usable_value(assignment.value, kind):
            usable = f"text of at most {MAX_TEXT} characters" if kind == "text" else "a whole number"
            return f"{name} is declared as {kind}, and its value is not {usable}"
        return None
