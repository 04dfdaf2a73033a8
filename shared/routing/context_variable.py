"""Context variables: their declarations in a work stream, and their values in a conversation."""

from collections.abc import Sequence
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


def usable_value(value: Any, declared: VariableType) -> bool:
    """True if conditions use such a value: text of at most 4,000 characters, or a whole number."""
    if declared == "text":
        return isinstance(value, str) and len(value) <= MAX_TEXT
    return isinstance(value, int) and not isinstance(value, bool)


def complaint(assignment: Assignment, declared: Sequence[DeclaredVariable]) -> str | None:
    """The reason why conditions ignore this value, or None if they use it."""
    variable = next((known for known in declared if known.name == assignment.name), None)
    if variable is None:
        near = next((known.name for known in declared if known.name.casefold() == assignment.name.casefold()), None)
        hint = f"; did you mean {near}?" if near else ""
        return f"{assignment.name} is not declared in the work stream{hint}"
    if not usable_value(assignment.value, variable.type):
        kind = f"text of at most {MAX_TEXT} characters" if variable.type == "text" else "a whole number"
        return f"{assignment.name} is declared as {variable.type}, and its value is not {kind}"
    return None
