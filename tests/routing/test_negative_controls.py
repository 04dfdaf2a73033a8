"""With a faulty queue, condition or decision handed in, the test of the invariant fails."""

from collections.abc import Collection, Mapping
from dataclasses import replace

import pytest

from shared.routing.compiled_condition import Seen, Test, compiled
from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition import AllOf, AnyOf, Comparison, Condition, demanded
from shared.routing.context_variable import Assignment
from shared.routing.decide import REVISION, decide
from shared.routing.decision import Cause, Decision
from shared.routing.work_stream import Member, Queue, Rule
from tests.builders import contoso
from tests.conversations import test_fold
from tests.routing import test_condition, test_decide


class Insistent(Queue):
    """A queue whose bots may get back what they escalated."""

    def _willing(self, escalated: Collection[str]) -> list[Member]:
        return super()._willing(())


def test_a_bot_gets_back_what_it_escalated() -> None:
    queues = tuple(Insistent(**dict(queue)) for queue in contoso().queues)
    with pytest.raises(AssertionError, match="'contoso-bot'"):
        test_fold.test_an_escalation_goes_where_its_variables_say(
            {}, "GeneralQueue", contoso().model_copy(update={"queues": queues})
        )


def any_is_enough(condition: Condition) -> Test:
    """Compile as if every group were an `any`."""
    match condition:
        case AllOf(all=parts):
            return compiled(AnyOf(any=parts))
        case _:
            return compiled(condition)


def test_a_compiled_condition_differs_from_its_trace() -> None:
    parts = tuple(Comparison(variable=name, operator="hasData") for name in ("X", "Y"))
    with pytest.raises(AssertionError, match=r"True is \(False is True\)"):
        test_condition.check_compiled(AllOf(all=parts), {"X": "a"}, any_is_enough)


def from_the_last_rule(
    cause: Cause, rules: CompiledRules, assignments: Mapping[str, Assignment], escalated: Collection[str], version: int
) -> Decision:
    """Decide as if the rules were read from bottom to top."""
    return decide(cause, replace(rules, rules=rules.rules[::-1]), assignments, escalated, version)


def test_decide_changes_without_a_new_revision() -> None:
    with pytest.raises(AssertionError, match=test_decide.OUTCOMES[REVISION]):
        test_decide.test_what_decide_makes_of_its_inputs_changes_with_its_revision_only(from_the_last_rule)


class FindingNone(CompiledRules):
    """Rules of which those that demand a value are never found."""

    def possible(self, seen: Seen) -> list[tuple[Rule, Test]]:
        return [each for each in super().possible(seen) if demanded(each[0].when) is None]


def without_the_demanding(
    cause: Cause, rules: CompiledRules, assignments: Mapping[str, Assignment], escalated: Collection[str], version: int
) -> Decision:
    return decide(cause, FindingNone(**vars(rules)), assignments, escalated, version)


def test_a_rule_is_not_found_by_the_value_that_it_demands() -> None:
    rule = Rule(name="R1", when=Comparison(variable="X", operator="equals", value="a"), queue="A")
    with pytest.raises(AssertionError, match="None == 'R1'"):
        test_decide.check_rule((rule,), {"X": "a"}, (), without_the_demanding)
