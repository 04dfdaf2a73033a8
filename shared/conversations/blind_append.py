"""Decides which facts are stored without loading the conversation: the two sides of the closing race.

A line that does not change the head is only appended (`changes_head`). After a commit of a head that such a line might
have changed, the recorder loads the facts again (`invalidates_appends`).
"""

from shared.conversations.bot_activity import Invocation
from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.tenants.history import History


def changes_head(head: Conversation, fact: Fact, history: History) -> bool:
    """True if a fact that joins this conversation may change more than its transcript.

    False only for a line in a conversation that has started and is open or active. A bot's first line changes the
    head, because it is on the bill; so does a line no later than the bot's first invocation.
    """
    event, author = fact.event, fact.event.author
    if not event.changes_only_transcript or head.started_at is None or head.state not in ("open", "active"):
        return True
    if author is None or author.role != "bot":
        return False
    if author.smart_assist:
        return not head.bot_activity.smart_assist
    bot = history.at(fact.at).configuration.bot(author.id)
    name = bot.id if bot else author.id
    line = Invocation(at=fact.at, bot=name, through="message.posted", fact_id=fact.id)
    activity = head.bot_activity
    # Of equal times the one order tells which comes first, and for that both facts are needed.
    return any(known.at == line.at for known in activity.invocations) or activity.with_invocation(line) != activity


def invalidates_appends(before: Conversation, after: Conversation) -> bool:
    """True if a line that was only appended, because the head was `before`, might have changed the head `after`."""
    if before.started_at is None or before.state not in ("open", "active"):
        return False
    earlier, later = before.bot_activity, after.bot_activity
    still_invoked = {(invocation.bot, invocation.at, invocation.fact_id) for invocation in later.invocations}
    return (
        after.state not in ("open", "active")
        or (earlier.smart_assist and not later.smart_assist)
        or any((one.bot, one.at, one.fact_id) not in still_invoked for one in earlier.invocations)
    )
