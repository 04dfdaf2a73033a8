"""Conditions of routing rules: a tree of comparisons.

The operators are those of Dynamics 365, with their meaning; text is compared case-sensitively. For a variable without
data every comparison is false but `hasNoData`, `notEquals` and `notContains`.

A condition has three values. A comparison with a value that cannot be used, because it is of another type than the
variable or the operator, is neither true nor false but unknown: `not` of it is unknown too, and `all` and `any` are
unknown where it would decide (Kleene's logic). Null is no data, and cannot be compared either.
"""

from typing import Annotated, Any, Literal, NamedTuple, Self

from pydantic import Discriminator, Field, PlainValidator, Tag, model_validator

from shared.routing.context_variable import Value, VariableName
from shared.wire import ExactModel

Operator = Literal[
    "equals", "notEquals", "contains", "notContains", "beginsWith",
    "greaterThan", "lessThan", "in", "hasData", "hasNoData",
]  # fmt: skip

_WITHOUT_VALUE = ("hasData", "hasNoData")
TEXT_ONLY = ("contains", "notContains", "beginsWith")
NUMBER_ONLY = ("greaterThan", "lessThan")


def _rule_value(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(map(_text_or_number, value))
    return None if value is None else _text_or_number(value)


def _text_or_number(value: Any) -> Value:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError("is neither a text, nor a whole number, nor a list of those")
    return value


RuleValue = Annotated[Any, PlainValidator(_rule_value)]
"""A rule's value: a text or whole number, a tuple of them for `in`, None for `hasData` and `hasNoData`."""


class Comparison(ExactModel):
    """A comparison of one variable with the rule's value."""

    variable: VariableName
    operator: Operator
    value: RuleValue = None

    @model_validator(mode="after")
    def _value_fits_operator(self) -> Self:
        if self.operator in _WITHOUT_VALUE:
            if self.value is not None:
                raise ValueError(f"{self.operator} takes no value")
        elif self.operator == "in":
            if not isinstance(self.value, tuple) or not self.value:
                raise ValueError("in takes a list of values")
        elif self.value is None or isinstance(self.value, tuple):
            raise ValueError(f"{self.operator} takes one value")
        elif self.operator in TEXT_ONLY and not isinstance(self.value, str):
            raise ValueError(f"{self.operator} takes a text")
        elif self.operator in NUMBER_ONLY and not isinstance(self.value, int):
            raise ValueError(f"{self.operator} takes a whole number")
        return self


class AllOf(ExactModel):
    """True if every part is."""

    all: Annotated[tuple["Condition", ...], Field(min_length=1)]


class AnyOf(ExactModel):
    """True if at least one part is."""

    any: Annotated[tuple["Condition", ...], Field(min_length=1)]


class Not(ExactModel):
    """True if the part is not."""

    negated: Annotated["Condition", Field(alias="not")]


def _shape(condition: Any) -> str:
    if isinstance(condition, dict):
        return next((f"({name})" for name in ("all", "any", "not") if name in condition), "(comparison)")
    return next((tag for kind, tag in _TAGS if isinstance(condition, kind)), "(comparison)")


_TAGS = ((AllOf, "(all)"), (AnyOf, "(any)"), (Not, "(not)"))

Condition = Annotated[
    Annotated[AllOf, Tag("(all)")]
    | Annotated[AnyOf, Tag("(any)")]
    | Annotated[Not, Tag("(not)")]
    | Annotated[Comparison, Tag("(comparison)")],
    Discriminator(_shape),
]
AllOf.model_rebuild()
AnyOf.model_rebuild()
Not.model_rebuild()


class Demand(NamedTuple):
    """A variable that has to have one of these values."""

    variable: str
    values: frozenset[Value]


def demanded(condition: Condition) -> Demand | None:
    """What has to be so if the condition holds: of several demands the one with the fewest values; None without any."""
    match condition:
        case Comparison(variable=variable, operator="equals", value=value):
            return Demand(variable, frozenset((value,)))
        case Comparison(variable=variable, operator="in", value=values):
            return Demand(variable, frozenset(values))
        case AllOf(all=parts):
            demands = [demand for part in parts if (demand := demanded(part))]
            return min(demands, key=lambda demand: len(demand.values), default=None)
        case AnyOf(any=parts):
            demands = [demand for part in parts if (demand := demanded(part))]
            if len(demands) < len(parts) or len({demand.variable for demand in demands}) > 1:
                return None
            return Demand(demands[0].variable, frozenset[Value]().union(*(demand.values for demand in demands)))
        case _:
            return None


def comparisons(condition: Condition, path: str) -> list[tuple[str, Comparison]]:
    """Every comparison of the tree with its path."""
    match condition:
        case AllOf(all=parts):
            return [leaf for n, part in enumerate(parts) for leaf in comparisons(part, f"{path}.all[{n}]")]
        case AnyOf(any=parts):
            return [leaf for n, part in enumerate(parts) for leaf in comparisons(part, f"{path}.any[{n}]")]
        case Not(negated=part):
            return comparisons(part, f"{path}.not")
        case Comparison():
            return [(path, condition)]
