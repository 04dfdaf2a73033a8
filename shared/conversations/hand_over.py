"""Who gets a conversation: by the rules, by an agent's line, or because a bot did not answer. Pure."""

from datetime import timedelta

from shared.conversations.bot_activity import Invocation
from shared.conversations.changes import bot_name, with_bot
from shared.conversations.conversation import Conversation, EarlyEscalation, shortened
from shared.conversations.fact import Fact
from shared.conversations.holder import Stay, with_stay
from shared.conversations.order import SortKey
from shared.conversations.state import moved
from shared.conversations.variables import kept_early, with_variables
from shared.events.envelope import format_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.routing.decide import decide
from shared.routing.decision import Cause, Decision, Outcome
from shared.routing.work_stream import WorkStream
from shared.tenants.configuration import Configuration
from shared.tenants.history import Version
from shared.wire import replace

OVERTAKES_BY = timedelta(minutes=5)
"""By how much an escalation may overtake the hand-over that gives the conversation to its bot."""
MOST_EARLY = 5
"""The early escalations that are kept, one of each bot."""


def escalated(conversation: Conversation, fact: Fact, event: BotEscalated, version: Version) -> Conversation:
    """The conversation once a bot escalated: routed anew, if that bot has it."""
    configuration = version.configuration
    if why := keeps_from_handing_over(conversation, fact, event.data.bot_id, configuration):
        return _escalated_early(conversation, fact, event, version, why)
    conversation, bot = with_bot(conversation, fact, event.data.bot_id, "bot.escalated", configuration)
    variables = event.data.context_variables
    conversation = with_variables(conversation, variables, f"bot {bot}", fact.at, fact.id, configuration)
    if conversation.started_at is None:
        reason = "conversation.started is not known yet"
        return undecided(conversation, fact, event, version, "held", reason)
    stream = configuration.work_stream_for(conversation.work_stream)
    if stream.id != conversation.work_stream:
        name = str(conversation.work_stream)
        conversation = conversation.with_warning("unknown_work_stream", f"{name} is not declared")
    if not stream.takes_escalations:
        reason = f"bots can escalate in push work streams only, and {stream.id} is a pick work stream"
        conversation = conversation.with_warning("escalation_without_effect", reason)
        return undecided(conversation, fact, event, version, "withoutEffect", reason)
    stay = conversation.stay
    # A bot that nobody declares may be the one that has it, which does not get it back under its other name either.
    gave_up = (bot, stay.id) if stay is not None and stay.holder == "bot" else (bot,)
    conversation = replace(
        conversation,
        escalated_at=conversation.escalated_at or fact.at,
        escalation_reason=shortened(event.data.reason),
        escalated_bots=_with(conversation.escalated_bots, *gave_up),
    )
    return routed(conversation, fact, fact.order, stream, version, bot)


def keeps_from_handing_over(
    conversation: Conversation, fact: Fact, native_id: str, configuration: Configuration
) -> str | None:
    """Why this bot hands nothing over, by an escalation or by its end: it does not have the conversation. Else None.

    A bot that nobody declares is taken for the one that has it. A bot may answer in front of a queue of people from the
    start on: it has the conversation until somebody escalates. What begins a conversation always has effect. One that
    advises agents has none, unless the rules give it one.
    """
    stay, bot, name = conversation.stay, configuration.bot(native_id), bot_name(native_id, configuration)
    if stay is None or conversation.started_at is None:
        return None
    if stay.holder == "bot" and (stay.id == name or (bot is None and name not in conversation.escalated_bots)):
        return None
    if bot is not None and bot.smart_assist:
        return f"bot {name} only advises agents"
    nobody_escalated = not conversation.escalated_bots
    if nobody_escalated and (stay.holder == "queue" or fact.at <= conversation.started_at):
        return None
    if name in conversation.escalated_bots:
        return f"bot {name} had given the conversation up"
    return f"{stay.holder} {stay.id} had the conversation, and not bot {name}"


def _escalated_early(
    conversation: Conversation, fact: Fact, event: BotEscalated, version: Version, why: str
) -> Conversation:
    """Without effect, unless its bot gets the conversation within minutes."""
    conversation = conversation.with_warning("escalation_without_effect", why)
    bot = version.configuration.bot(event.data.bot_id)
    if bot is not None and bot.id not in conversation.escalated_bots:
        conversation, variables = kept_early(conversation, event.data.context_variables)
        early = EarlyEscalation(fact_id=fact.id, at=fact.at, bot=bot.id, context_variables=variables)
        others = [one for one in conversation.early_escalations if one.bot != bot.id]
        conversation = replace(conversation, early_escalations=(*others, early)[-MOST_EARLY:])
    return undecided(conversation, fact, event, version, "withoutEffect", why)


def taken_by_agent(conversation: Conversation, fact: Fact, agent: str) -> Conversation:
    """The conversation once this agent wrote, who has it from now on."""
    stay = conversation.stay
    if stay is None or (stay.holder == "agent" and stay.id == agent):
        return conversation
    return replace(
        conversation,
        state=moved(conversation.state, "active"),
        bot=None,
        agent=agent,
        stays=with_stay(conversation.stays, Stay(since=fact.order, holder="agent", id=agent)),
    )


def failed_over(conversation: Conversation, fact: Fact, event: BotFailedOver, version: Version) -> Conversation:
    """The conversation in the queue of people that takes over from a bot that did not answer.

    That was decided once, so it has effect if only the bot still has the conversation.
    """
    data, stay = event.data, conversation.stay
    if stay is None or stay.holder != "bot" or stay.id != data.bot_id:
        reason = f"bot {data.bot_id} did not have the conversation any more"
        return undecided(conversation, fact, event, version, "withoutEffect", reason)
    conversation = replace(
        conversation,
        state=moved(conversation.state, "open"),
        queue=data.queue,
        bot=None,
        escalated_bots=_with(conversation.escalated_bots, data.bot_id),
        stays=with_stay(conversation.stays, Stay(since=fact.order, holder="queue", id=data.queue)),
    )
    cause = Cause(fact_id=fact.id, type=event.type, at=format_time(fact.at), bot=data.bot_id)
    return conversation.with_decision(Decision(cause=cause, outcome="failedOver", queue=data.queue))


def routed(
    conversation: Conversation,
    fact: Fact,
    since: SortKey,
    stream: WorkStream,
    version: Version,
    bot: str | None = None,
    early: EarlyEscalation | None = None,
) -> Conversation:
    """The conversation as the rules give it away from `since` on, because of the fact, or an escalation before it."""
    cause = (early.fact_id, "bot.escalated") if early else (fact.id, fact.event.type)
    decision = decide(
        Cause(fact_id=cause[0], type=cause[1], at=format_time(fact.at), bot=bot),
        version.rules[stream.id],
        conversation.assignments,
        conversation.escalated_bots,
        version.number,
    )
    conversation = replace(
        conversation,
        state=moved(conversation.state, "active" if decision.bot else "open"),
        queue=decision.queue,
        bot=decision.bot,
        agent=None,
        stays=with_stay(conversation.stays, _stay(since, decision)),
    )
    conversation = conversation.with_decision(decision)
    if decision.bot is None:
        return conversation
    invocation = Invocation(at=fact.at, bot=decision.bot, through="decision", fact_id=fact.id)
    conversation = conversation.with_invocation(invocation)
    return _with_early(conversation, fact, decision.bot, stream, version)


def _stay(since: SortKey, decision: Decision) -> Stay:
    if decision.bot is not None:
        return Stay(since=since, holder="bot", id=decision.bot)
    return Stay(since=since, holder="queue", id=str(decision.queue))


def _with(escalated: tuple[str, ...], *bots: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*escalated, *bots)))


def _with_early(conversation: Conversation, fact: Fact, bot: str, stream: WorkStream, version: Version) -> Conversation:
    """The conversation that the bot has just got, after the escalation that came before this hand-over, if one did."""
    early = next((one for one in conversation.early_escalations if one.bot == bot), None)
    if early is None or fact.at - early.at > OVERTAKES_BY or not stream.takes_escalations:
        return conversation
    left = tuple(one for one in conversation.early_escalations if one is not early)
    conversation = replace(
        conversation,
        early_escalations=left,
        escalated_at=conversation.escalated_at or fact.at,
        escalated_bots=_with(conversation.escalated_bots, bot),
    )
    variables, configuration = early.context_variables, version.configuration
    conversation = with_variables(conversation, variables, f"bot {bot}", early.at, early.fact_id, configuration)
    return routed(conversation, fact, fact.order, stream, version, bot, early)


def undecided(
    conversation: Conversation,
    fact: Fact,
    event: BotEscalated | BotFailedOver,
    version: Version,
    outcome: Outcome,
    reason: str,
) -> Conversation:
    """The conversation with a decision that routed nothing, for this reason."""
    bot = bot_name(event.data.bot_id, version.configuration)
    cause = Cause(fact_id=fact.id, type=event.type, at=format_time(fact.at), bot=bot)
    return conversation.with_decision(Decision(cause=cause, outcome=outcome, reason=reason))
