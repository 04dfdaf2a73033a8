"""Decides which facts are stored without loading the conversation: the two sides of the closing race.

A line that does not change the head is only appended (`changes_head`). After a commit of a head that such a line might
have changed, the recorder looks whether one was appended meanwhile (`invalidates_appends`).
"""

from datetime import datetime

from shared.clock import CLOCKS_DIFFER
from shared.conversations.bot_activity import Invocation, advises
from shared.conversations.conversation import MOST_NOTED, Conversation
from shared.conversations.fact import Fact
from shared.conversations.known_customer import tells_of_customer
from shared.conversations.ports import Head
from shared.events.notes import NOTES, notes_of
from shared.tenants.history import History


def changes_head(head: Head, fact: Fact, history: History, now: datetime) -> bool:
    """True if a fact that has joined this conversation by now may change more than its transcript and its turns.

    False only for a line that has no part in beginning or ending it. A bot's first line changes the head, because it is
    on the bill; so does a line no later than the bot's first invocation.
    """
    event, author, conversation = fact.event, fact.event.author, head.conversation
    if not event.changes_only_transcript or not _has_its_place(head, fact, now):
        return True
    if NOTES in event.attributes and _adds_warnings(conversation, fact):
        return True
    if author is None or author.role != "bot":
        return tells_of_customer(conversation, fact)
    activity, bot = conversation.bot_activity, history.at(fact.at).configuration.bot(author.id)
    if advises(author, bot):
        return not activity.smart_assist
    name = bot.id if bot else author.id
    line = Invocation(at=fact.at, bot=name, through="message.posted", fact_id=fact.id)
    # Of equal times the one order tells which comes first, and for that both facts are needed.
    return any(known.at == line.at for known in activity.invocations) or activity.with_invocation(line) != activity


def _adds_warnings(conversation: Conversation, fact: Fact) -> bool:
    """True if notes of the fact's reading are not counted as often as they ever are."""
    counted = {warning.code: warning.count for warning in conversation.warnings}
    return any(counted.get(note.code, 0) < MOST_NOTED for note in notes_of(fact.event.attributes))


def _has_its_place(head: Head, fact: Fact, now: datetime) -> bool:
    """True if the conversation neither begins nor ends with the fact, nor goes on with it in the next one."""
    conversation = head.conversation
    if conversation.closed_at is None:
        began = conversation.started_at is not None
        return began or (conversation.folded_to is not None and fact.order > conversation.folded_to)
    if conversation.ends_at is None or conversation.goes_on_after is None or conversation.started_at is None:
        return False
    # Whoever archives the conversation later, by whichever clock, finds the line, which is stored by now.
    unarchived = not head.archived and head.due_at is not None and now + CLOCKS_DIFFER < head.due_at
    return unarchived and fact.order < min(conversation.ends_at, conversation.goes_on_after)


def invalidates_appends(before: Conversation, after: Conversation) -> bool:
    """True if a line that was only appended, because the head was `before`, might have changed the head `after`."""
    earlier, later = before.bot_activity, after.bot_activity
    still_invoked = {(invocation.bot, invocation.at, invocation.fact_id) for invocation in later.invocations}
    return (
        (before.ends_at, before.goes_on_after) != (after.ends_at, after.goes_on_after)
        or before.customer != after.customer
        or (earlier.smart_assist and not later.smart_assist)
        or any((one.bot, one.at, one.fact_id) not in still_invoked for one in earlier.invocations)
    )
