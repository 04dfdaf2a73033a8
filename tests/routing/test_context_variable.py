"""Context variables: which values conditions look at, and what is said about the others."""

from typing import Any

import pytest
from hypothesis import given

from shared.routing.context_variable import (
    MAX_TEXT,
    DeclaredVariable,
    DeclaredVariables,
    Unusable,
    VariableType,
    seen_value,
    usable_value,
)
from tests.builders import given_value, json_values

DECLARED = DeclaredVariables(
    (DeclaredVariable(name="BotHandoffTopic", type="text"), DeclaredVariable(name="Age", type="number"))
)


@pytest.mark.parametrize(
    ("declared", "value", "usable"),
    [
        ("text", "CreditCard", True),
        ("text", "", True),
        ("text", "x" * MAX_TEXT, True),
        ("text", "\U0001f600" * MAX_TEXT, True),
        ("text", "x" * (MAX_TEXT + 1), False),
        ("text", 5, False),
        ("text", None, False),
        ("text", 18.0, False),
        ("text", ["CreditCard"], False),
        ("number", 0, True),
        ("number", -(10**30), True),
        ("number", "18", False),
        ("number", "", True),
        ("number", 18.0, True),
        ("number", -18.0, True),
        ("number", 18.5, False),
        ("number", float("inf"), False),
        ("number", True, False),
        ("number", None, False),
        ("number", {}, False),
    ],
)
def test_a_value_is_usable_when_it_is_of_the_declared_type(declared: VariableType, value: Any, usable: bool) -> None:
    # given a value as an event brings it
    # then conditions look at texts of at most 4,000 characters and at whole numbers, and no text becomes a number
    assert usable_value(value, declared) is usable


def test_a_number_without_a_fraction_is_the_whole_number() -> None:
    # given 16 as JSON may write it, then conditions see the whole number, and nothing of what is no number
    assert repr(seen_value(16.0, "number")) == "16"
    assert [seen_value(value, "number") for value in ("16", True, 16.5, None, "")] == [
        Unusable.OTHER,
        Unusable.OTHER,
        Unusable.OTHER,
        Unusable.NULL,
        None,
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("BotHandoffTopic", "CreditCard", None),
        ("Age", 18, None),
        ("Mood", "good", "Mood is not declared in the work stream"),
        (
            "botHandofftopic",
            "CreditCard",
            "botHandofftopic is not declared in the work stream; did you mean 'BotHandoffTopic'?",
        ),
        ("BotHandoffTopc", "x", "BotHandoffTopc is not declared in the work stream; did you mean 'BotHandoffTopic'?"),
        ("va_LastTopic", "x", None),
        ("msdyn_CaseId", "x", None),
        ("CloseOmnichannelConversation", False, None),
        ("Age", "18", "Age is declared as number, and its value is not a whole number"),
        (
            "BotHandoffTopic",
            7,
            "BotHandoffTopic is declared as text, and its value is not text of at most 4000 characters",
        ),
    ],
)
def test_what_conditions_leave_out_is_explained(name: str, value: Any, said: str | None) -> None:
    # given a variable with a value
    # then there is a reason exactly when conditions leave it out, unless the bot's platform always sends it
    assignments = given_value(name, value)
    assert (why := DECLARED.complaint(assignments[name])) == (said and said.split(";")[0])
    # and a name with a typo is told with the declared one
    assert f"{why or ''}{DECLARED.hint(name)}" == (said or "")


@given(json_values())
def test_a_complaint_is_made_exactly_of_what_is_undeclared_or_of_another_type(value: Any) -> None:
    # given a value of any kind, also under a name that is not declared
    # when it is looked at, then conditions see it only where it is declared and usable
    for name, declared in (("BotHandoffTopic", "text"), ("Age", "number")):
        kind: VariableType = "text" if declared == "text" else "number"
        assert (DECLARED.complaint(given_value(name, value)[name]) is None) == usable_value(value, kind)
    assert DECLARED.complaint(given_value("bothandofftopic", value)["bothandofftopic"]) is not None
    assert DeclaredVariables(()).complaint(given_value("Age", value)["Age"]) is not None
