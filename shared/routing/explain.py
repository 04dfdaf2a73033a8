"""A routing decision in plain sentences."""

import json
from collections.abc import Iterator

from shared.routing.afterwards import Afterwards, Answered, Ended
from shared.routing.condition import TEXT_ONLY
from shared.routing.condition_trace import ConditionTrace
from shared.routing.decision import Decision
from shared.routing.trace import RuleTrace, Trace, TracedDecision

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
"""The words for each operator if it holds, and if it does not."""


def explain(traced: TracedDecision) -> list[str]:
    """Sentences about the decision's cause, the outcome of each rule, and where the conversation went."""
    return list(_sentences(*traced))


def _sentences(decision: Decision, trace: Trace, afterwards: Afterwards) -> Iterator[str]:
    yield _cause(decision, afterwards)
    if decision.outcome == "failedOver":
        yield f"So the conversation went to queue {decision.queue}, which takes over from this bot."
        yield f"{_waits(afterwards)}."
        yield from _holder(afterwards)
        return
    if decision.outcome != "routed":
        yield f"Nothing was routed: {decision.reason}."
        return
    version = f"(configuration version {decision.configuration_version})"
    if trace.missing:
        yield f"What became of the rules of work stream {decision.work_stream} {version} is not shown: {trace.missing}."
    elif trace.rules:
        yield f"The rules of work stream {decision.work_stream} were read from top to bottom {version}."
    else:
        yield f"Work stream {decision.work_stream} has no rules {version}."
    for number, rule in enumerate(trace.rules, 1):
        yield _rule(number, rule)
    if decision.rule is None:
        yield f"No rule could be applied, so the conversation went to the fallback queue {decision.queue}."
    elif trace.missing:
        yield f"By rule {decision.rule} the conversation went to queue {decision.queue}."
    else:
        yield f"So the conversation went to queue {decision.queue}."
    yield _taker(decision, trace, afterwards)
    yield from _holder(afterwards)


def _cause(decision: Decision, afterwards: Afterwards) -> str:
    cause = decision.cause
    if cause.bot is not None:
        reason = f": {_literal(afterwards.reason)}" if afterwards.reason else ""
        did = "escalated" if cause.type == "bot.escalated" else "had left the customer without an answer for too long"
        return f"At {cause.at} bot {cause.bot} {did}{reason}."
    taken = f": {decision.reason}" if decision.reason else ""
    return f"At {cause.at} the conversation started{taken}."


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
            # The parts that explain the result are those that have the same result.
            decisive = [part for part in trace.parts if part.result == trace.result]
            word = " and " if (trace.operator == "all") == trace.result else "; "
            return word.join(_bracketed(part) for part in decisive)
        case "not":
            return _bracketed(trace.parts[0])
        case _:
            return _comparison(trace)


def _bracketed(part: ConditionTrace) -> str:
    """A part of a larger condition; a group of several parts is in brackets."""
    text = _condition(part)
    return f"[{text}]" if part.operator in ("all", "any") and len(part.parts) > 1 else text


def _comparison(trace: ConditionTrace) -> str:
    holds, fails = _PHRASES[trace.operator]
    unknown = "it is unknown whether " if trace.result is None else ""
    claim = f"{unknown}{trace.variable} {fails if trace.result is False else holds}"
    if trace.value is not None:
        claim += f" {_literal(trace.value)}"
    return f"{claim}{_origin(trace)}"


def _origin(trace: ConditionTrace) -> str:
    if trace.saw is None:
        return "" if trace.operator in ("hasData", "hasNoData") else " (it has no data)"
    value = "" if trace.operator == "equals" and trace.result else f"it is {_literal(trace.saw.value)}, "
    return f" ({value}set by {trace.saw.set_by} at {trace.saw.at}{_why_unknown(trace)})"


def _why_unknown(trace: ConditionTrace) -> str:
    if trace.result is not None:
        return ""
    kind = "texts" if trace.operator in TEXT_ONLY else "whole numbers"
    return f"; {trace.left_out or f'{trace.operator} compares {kind} only'}"


def _literal(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_literal(item) for item in value)
    return json.dumps(value, ensure_ascii=False)


def _taker(decision: Decision, trace: Trace, afterwards: Afterwards) -> str:
    remark = ""
    if trace.passed_over_bots:
        several = len(trace.passed_over_bots) > 1
        names = " and ".join(trace.passed_over_bots)
        remark = (
            f" ({names} {'have' if several else 'has'} given it up and {'do' if several else 'does'} not get it back)"
        )
    if decision.bot:
        return f"Bot {decision.bot} took it, because its capacity of {decision.capacity} is the highest there{remark}."
    until = _until(afterwards)
    if decision.capacity is None:
        stays = f"It was open there {until}, and" if until else "It is open there, but"
        return f"{stays} the queue has no member who can take it{remark}."
    bots = " and ".join(f"bot {bot.bot}'s {bot.capacity}" for bot in trace.outranked)
    first = f": a human's capacity of {decision.capacity} comes before {bots}" if bots else ""
    return f"{_waits(afterwards)}{first}{remark}."


def _waits(afterwards: Afterwards) -> str:
    until = _until(afterwards)
    return f"It was open there {until}" if until else "It is open there until a human takes it"


def _until(afterwards: Afterwards) -> str:
    """Until when the conversation waited in the decision's queue; empty while it does."""
    match afterwards:
        case Afterwards(answered=Answered(agent=agent, at=at)):
            return f"until agent {agent} answered at {at}"
        case Afterwards(routed_at=str(at)):
            return f"until it was routed anew at {at}"
        case Afterwards(ended=Ended(at=at)):
            return f"until it ended at {at}"
        case _:
            return ""


def _holder(afterwards: Afterwards) -> Iterator[str]:
    """Who ended the conversation, or the agent who has it; nothing if a later decision tells it."""
    if afterwards.routed_at:
        return
    if ended := afterwards.ended:
        note = f", with the note {_literal(ended.note)}" if ended.note else ""
        yield f"The {ended.by} ended it at {ended.at} ({ended.reason}){note}."
    elif afterwards.holder:
        yield f"Agent {afterwards.holder} has it, who was the last to answer."
