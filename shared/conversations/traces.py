"""Traces of a conversation's decisions, made from what is stored when somebody asks."""

from collections.abc import Iterable, Mapping, Sequence
from typing import assert_never

from shared.conversations.extent import extent_of
from shared.conversations.fact import Fact
from shared.conversations.order import index_of_end
from shared.events.envelope import format_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.routing.afterwards import Afterwards, Answered, Ended
from shared.routing.context_variable import Assignment
from shared.routing.decision import Decision
from shared.routing.trace import Trace, TracedDecision, trace
from shared.tenants.history import History

_MOVES = ("routed", "failedOver")
"""The outcomes of decisions that give the conversation to somebody."""


def traced_decisions(
    decisions: Iterable[Decision], facts: Iterable[Fact], history: History
) -> Sequence[TracedDecision]:
    """Each decision with its trace. `facts` are the conversation's: they have the long values."""
    ordered = extent_of(facts).own
    by_id = {fact.id: fact for fact in ordered}
    places = {fact.id: place for place, fact in enumerate(ordered)}
    traced: list[TracedDecision] = []
    following: Decision | None = None
    for decision in reversed(list(decisions)):
        afterwards = _afterwards(decision, following, ordered, places)
        traced.append(TracedDecision(decision, _trace(decision, by_id, history), afterwards))
        following = decision if decision.outcome in _MOVES else following
    return traced[::-1]


def _afterwards(
    decision: Decision, following: Decision | None, ordered: Sequence[Fact], places: Mapping[str, int]
) -> Afterwards:
    """What the facts tell of the time from the decision to the `following` one that routed the conversation."""
    place = places.get(decision.cause.fact_id, 0)
    reason = _told(ordered[place]) if decision.cause.fact_id in places else None
    reason = reason if isinstance(reason, str) else None
    if decision.outcome not in _MOVES:
        return Afterwards(reason)
    end = index_of_end(ordered)
    until = end if following is None else places.get(following.cause.fact_id)
    told = [_told(fact) for fact in ordered[place + 1 : until]]
    answers = [one for one in told if isinstance(one, Answered)]
    closing = _told(ordered[end]) if end is not None and following is None else None
    return Afterwards(
        reason=reason,
        answered=answers[0] if answers else None,
        holder=answers[-1].agent if answers else None,
        ended=closing if isinstance(closing, Ended) else None,
        routed_at=following.cause.at if following else None,
    )


def _told(fact: Fact) -> Answered | Ended | str | None:
    """What the explanation tells of a fact: an agent's public line, an end, or the reason of an escalation."""
    match fact.event:
        case MessagePosted(data=data) as line:
            answers = line.author.role == "agent" and data.visibility == "public"
            return Answered(line.author.id, format_time(fact.at)) if answers else None
        case ConversationEnded(data=data):
            return Ended(data.ended_by, data.reason, format_time(fact.at), data.note)
        case BotEscalated(data=data):
            return data.reason
        case ConversationStarted() | MessageChanged() | BotFailedOver() | InactivityTimeout() | SessionSettled():
            return None
        case _:
            assert_never(fact.event)


def _trace(decision: Decision, facts: Mapping[str, Fact], history: History) -> Trace:
    if decision.outcome != "routed":
        return Trace()
    version = history.numbered(decision.configuration_version)
    assignments = _assignments(decision, facts)
    if version is None or decision.work_stream is None or assignments is None:
        return Trace(missing="what it was made from is not kept any more")
    return trace(decision, version.rules[decision.work_stream], assignments)


def _assignments(decision: Decision, facts: Mapping[str, Fact]) -> dict[str, Assignment] | None:
    """The decision's variables with their values; None if a fact that has a long one is not kept any more."""
    assignments: dict[str, Assignment] = {}
    for given in decision.variables:
        fact = facts.get(given.fact_id)
        kept = fact.event.context_variables if fact else {}
        if not kept.keys() >= set(given.long):
            return None
        for name, value in {**given.values, **{name: kept[name] for name in given.long}}.items():
            assignments[name] = Assignment(
                name=name, value=value, at=given.at, fact_id=given.fact_id, set_by=given.set_by
            )
    return assignments
