"""What facts give to a conversation beside a holder: variables, and invocations of bots. Pure."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from shared.conversations.bot_activity import Invocation, Invoking
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.events.envelope import format_time
from shared.routing.context_variable import MAX_VARIABLES, Assignment, complaint
from shared.tenants.configuration import Configuration
from shared.wire import replace

AT_THE_END = timedelta(minutes=30)
"""For how long after a conversation's end a bot's line is still a part of it."""


def counts_at_the_end(fact: Fact, end: datetime, configuration: Configuration) -> bool:
    """True for the public line of a declared bot soon after the end, such as a survey: it counts (seed 000)."""
    event, author = fact.event, fact.event.author
    if author is None or not event.invokes_bot or not event.breaks_silence or fact.at > end + AT_THE_END:
        return False
    bot = configuration.bot(author.id)
    return bot is not None and not bot.smart_assist


def with_bot(
    conversation: Conversation,
    fact: Fact,
    native_id: str,
    through: Invoking,
    configuration: Configuration,
    at: datetime | None = None,
) -> tuple[Conversation, str]:
    """The conversation once the bot is invoked, and the bot's id, which is the native one if nobody declares it.

    It is invoked `at` this moment, if that is another one than the fact's.
    """
    bot = configuration.bot(native_id)
    name = bot.id if bot else native_id
    invoked = conversation.with_invocation(Invocation(at=at or fact.at, bot=name, through=through, fact_id=fact.id))
    # One warning a bot, and none of a bot that is not kept, as then its lines change nothing.
    if bot is None and name in set(invoked.bot_activity.bots).difference(conversation.bot_activity.bots):
        invoked = invoked.with_warning("unknown_bot", f"no bot {native_id!r} is declared")
    return invoked, name


def with_variables(
    conversation: Conversation,
    values: Mapping[str, Any],
    given_by: str,
    at: datetime,
    fact_id: str,
    configuration: Configuration,
) -> Conversation:
    """The conversation with the values that the fact of this id and time gives to variables."""
    stream = configuration.work_stream(conversation.work_stream)
    assignments = dict(conversation.assignments)
    for name, value in values.items():
        if name not in assignments and len(assignments) == MAX_VARIABLES:
            reason = f"{name} is not kept: a conversation has at most {MAX_VARIABLES} variables"
            conversation = conversation.with_warning("too_many_variables", reason)
            continue
        assignment = Assignment(name=name, value=value, at=format_time(at), fact_id=fact_id, set_by=given_by)
        assignments[name] = assignment
        # Without a start there is no work stream yet, and no declaration to compare with. The start is folded first.
        if stream is not None and (why := complaint(assignment, stream.context_variables)):
            conversation = conversation.with_warning("unusable_variable", why)
    return replace(conversation, assignments=assignments) if values else conversation
