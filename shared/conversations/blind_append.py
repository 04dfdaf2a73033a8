"""Decides which facts are stored without loading the conversation: the two sides of the closing race.

A line that does not change the head is only appended (`changes_head`). After a commit that might have been changed by
a line appended meanwhile, the recorder loads the facts again (`invalidates_appends`).
"""

from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.events.catalog import MessagePosted
from shared.tenants.history import History


def changes_head(head: Conversation, fact: Fact, history: History) -> bool:
    """True if a fact that joins this conversation may change more than its transcript.

    False only for a line in a conversation that has started and is open or active. A bot's first line changes the
    head, because it is on the bill; so does a line earlier than the bot's first invocation.
    """
    if not isinstance(fact.event, MessagePosted) or head.started_at is None or head.state not in ("open", "active"):
        return True
    author = fact.event.data.author
    if author.role != "bot":
        return False
    if author.smart_assist:
        return not head.smart_assist
    bot = history.at(fact.judged_at).configuration.bot(author.id)
    if bot is None and author.id not in head.unknown_bots:
        return True
    name = bot.id if bot else author.id
    return not any(known.bot == name and (known.at, known.fact_id) < (fact.at, fact.id) for known in head.invocations)


def invalidates_appends(before: Conversation, after: Conversation) -> bool:
    """True if a line that was only appended, because the head was `before`, might have changed the head `after`."""
    invoked = {(known.bot, known.at, known.fact_id) for known in after.invocations}
    return (
        after.state not in ("open", "active")
        or (before.smart_assist and not after.smart_assist)
        or any((known.bot, known.at, known.fact_id) not in invoked for known in before.invocations)
    )
