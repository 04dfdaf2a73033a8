"""What facts give to a conversation beside a holder: invocations of bots, and the names of these. Pure."""

import hashlib
from datetime import datetime, timedelta

from shared.conversations.bot_activity import Invocation, Invoking, advises
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.tenants.configuration import Configuration

AT_THE_END = timedelta(minutes=30)
"""For how long after a conversation's end a bot's line is still a part of it."""


def counts_at_the_end(fact: Fact, end: datetime, configuration: Configuration) -> bool:
    """True for the public line of a declared bot soon after the end, such as a survey: it counts (seed 000)."""
    event, author = fact.event, fact.event.author
    if author is None or not event.invokes_bot or not event.breaks_silence or fact.at > end + AT_THE_END:
        return False
    bot = configuration.bot(author.id)
    return bot is not None and not bot.smart_assist


def may_invoke(fact: Fact, configuration: Configuration) -> bool:
    """False for a line that invokes no bot, whenever it is said: anybody's but a bot's, and one that advises."""
    event, author = fact.event, fact.event.author
    return author is None or (event.invokes_bot and not advises(author, configuration.bot(author.id)))


def bot_name(native_id: str, configuration: Configuration) -> str:
    """What a conversation calls the bot of this native id: its declared id, or else its native one, if that is short.

    A conversation may keep many names. Of a long one it keeps the beginning, and a hash that tells it from others.
    """
    bot = configuration.bot(native_id)
    if bot is not None:
        return bot.id
    if len(native_id) <= _LONGEST_NAME:
        return native_id
    return f"{native_id[:40]}…{hashlib.sha256(native_id.encode()).hexdigest()[:16]}"


_LONGEST_NAME = 64
"""Characters, as of a declared id."""


def with_bot(
    conversation: Conversation,
    fact: Fact,
    native_id: str,
    through: Invoking,
    configuration: Configuration,
    at: datetime | None = None,
) -> tuple[Conversation, str]:
    """The conversation once the bot is invoked, and the bot's name there.

    It is invoked `at` this moment, if that is another one than the fact's.
    """
    bot, name = configuration.bot(native_id), bot_name(native_id, configuration)
    invoked = conversation.with_invocation(Invocation(at=at or fact.at, bot=name, through=through, fact_id=fact.id))
    # One warning a bot, and none of a bot that is not kept, as then its lines change nothing.
    if bot is None and name in set(invoked.bot_activity.bots).difference(conversation.bot_activity.bots):
        invoked = invoked.with_warning("unknown_bot", f"no bot {native_id!r} is declared")
    return invoked, name
