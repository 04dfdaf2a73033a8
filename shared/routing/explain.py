"""A routing decision in plain sentences."""

import json
from collections.abc import Iterator

from shared.routing.condition import ConditionTrace
from shared.routing.decision import Decision, RuleTrace

_PHRASES = {
    "equals": ("equals", "does not equal"),
    "notEquals": ("does not equal", "equals"),
    "contains": ("contains", "does not contain"),
    "notContains": ("does not contain", "contains"),
    "beginsWith": ("begins with", "does not begin with"),
    "greaterThan": ("is greater than", "is not greater than"),
    "lessThan": ("is less than", "is not less than"),
    "in": ("is one of", "is none of"),
    "hasData": ("has data", "has no data"),
    "hasNoData": ("has no data", "has data"),
}
"""How an operator reads where it holds, and where it does not."""


def explain(decision: Decision) -> list[str]:
    """Sentences that say what asked for the decision, what each rule did, and where the conversation went."""
    return list(_sentences(decision))


def _sentences(decision: Decision) -> Iterator[str]:
    yield _cause(decision)
    if decision.outcome != "routed":
        yield f"Nothing was routed: {decision.reason}."
        return
    yield (
        f"The rules of work stream {decision.work_stream} were read from top to bottom "
        f"(configuration version {decision.configuration_version})."
    )
    for number, rule in enumerate(decision.rules, 1):
        yield _rule(number, rule)
    if decision.rule is None:
        yield f"No rule could be applied, so the conversation went to the fallback queue {decision.queue}."
    else:
        yield f"So the conversation went to queue {decision.queue}."
    yield _taker(decision)


def _cause(decision: Decision) -> str:
    cause = decision.cause
    if cause.type == "bot.escalated":
        return f"At {cause.at} bot {cause.bot} escalated."
    return f"At {cause.at} the conversation started."


def _rule(number: int, rule: RuleTrace) -> str:
    if rule.condition is None:
        return f"Rule {number}, {rule.name}, was not reached."
    why = _condition(rule.condition)
    match rule.status:
        case "applied":
            return f"Rule {number}, {rule.name}, was applied, because {why}."
        case "passedOver":
            return (
                f"Rule {number}, {rule.name}, matched, because {why}; it was passed over, because every bot of "
                f"{rule.queue} has given this conversation up and no human is in that queue."
            )
        case _:
            return f"Rule {number}, {rule.name}, did not match, because {why}."


def _condition(trace: ConditionTrace) -> str:
    match trace.operator:
        case "all" | "any":
            word = " and " if (trace.operator == "all") == trace.result else "; "
            telling = [part for part in trace.parts if part.result == trace.result]
            return word.join(_condition(part) for part in telling)
        case "not":
            return _condition(trace.parts[0])
        case _:
            return _comparison(trace)


def _comparison(trace: ConditionTrace) -> str:
    holds, fails = _PHRASES[trace.operator]
    claim = f"{trace.variable} {holds if trace.result else fails}"
    if trace.value is not None:
        claim += f" {_literal(trace.value)}"
    return f"{claim}{_origin(trace)}"


def _origin(trace: ConditionTrace) -> str:
    if trace.saw is None:
        return "" if trace.operator in ("hasData", "hasNoData") else " (it has no data)"
    value = "" if trace.operator == "equals" and trace.result else f"it is {_literal(trace.saw.value)}, "
    return f" ({value}set by {trace.saw.set_by} at {trace.saw.at})"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return " or ".join(_literal(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _taker(decision: Decision) -> str:
    excluded = ""
    if decision.passed_over_bots:
        names = ", ".join(decision.passed_over_bots)
        excluded = f" ({names} escalated before and does not get the conversation back)"
    if decision.bot:
        return (
            f"Bot {decision.bot} took it, because its capacity of {decision.capacity} is the highest there{excluded}."
        )
    if decision.capacity is not None:
        return f"It is open there until a human takes it{excluded}."
    return f"It is open there, but the queue has no member who can take it{excluded}."
