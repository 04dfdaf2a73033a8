"""Deciding over 20 rules of 4 conditions, of which only the last rule matches, in its last condition.

Each comparison is evaluated, so no decision over as many of them costs more.
"""

from collections.abc import Mapping

from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition import AllOf, Comparison
from shared.routing.context_variable import Assignment, DeclaredVariable
from shared.routing.decide import decide
from shared.routing.decision import Cause, Decision
from shared.routing.work_stream import Member, Queue, Rule, WorkStream
from tests.builders import TEN, given_value

RULES = 20
_CAUSE = Cause(fact_id="f" * 64, type="bot.escalated", at=TEN, bot="contoso-bot")


def compiled_rules(variables: int) -> tuple[CompiledRules, Mapping[str, Assignment]]:
    """20 rules over so many variables, each of which has a value."""
    names = [f"Variable{number}" for number in range(variables)]
    stream = WorkStream(
        id="ChatWorkStream",
        mode="push",
        fallback_queue="GeneralQueue",
        context_variables=tuple(DeclaredVariable(name=name, type="text") for name in names),
        rules=tuple(_rule(number, [names[(4 * number + n) % variables] for n in range(4)]) for number in range(RULES)),
    )
    members = (Member(bot="contoso-bot", capacity=100), Member(agent="ana", capacity=10))
    queues = [Queue(id="CreditCardQueue", members=members), Queue(id="GeneralQueue")]
    given = {name: given_value(name, "CreditCard")[name].model_copy(update={"fact_id": "f" * 64}) for name in names}
    return CompiledRules.of(stream, queues), given


def _rule(number: int, names: list[str]) -> Rule:
    matching = "CreditCard" if number == RULES - 1 else "HomeLoan"
    parts = (
        Comparison(variable=names[0], operator="beginsWith", value="Credit"),
        Comparison(variable=names[1], operator="contains", value="Card"),
        Comparison(variable=names[2], operator="in", value=("Mortgage", "HomeLoan", "CreditCard")),
        Comparison(variable=names[3], operator="equals", value=matching),
    )
    return Rule(name=f"Rule{number}", when=AllOf(all=parts), queue="CreditCardQueue")


def decided(rules: CompiledRules, given: Mapping[str, Assignment]) -> Decision:
    """The decision after the bot's escalation."""
    return decide(_CAUSE, rules, given, ["contoso-bot"], 1)
