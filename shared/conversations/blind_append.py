"""Decides which facts are stored without loading the conversation: the two sides of the closing race.

A line that does not change the head is only appended (`changes_head`). After a commit of a head that such a line might
have changed, the recorder looks whether one was appended meanwhile (`invalidates_appends`).
"""

from datetime import datetime

from shared.clock import CLOCKS_DIFFER
from shared.conversations.bot_activity import Invocation, advises
from shared.conversations.changes import bot_name
from shared.conversations.conversation import MOST_NOTED, Conversation
from shared.conversations.due_actions import must_be_checked_earlier
from shared.conversations.fact import Fact
from shared.conversations.holder import Silence, changes_hands_often
from shared.conversations.known_customer import tells_of_customer
from shared.conversations.ports import Head
from shared.conversations.silence_policy import silence_may_count
from shared.events.notes import NOTES, notes_of
from shared.tenants.history import History


def changes_head(head: Head, fact: Fact, history: History, now: datetime) -> bool:
    """True if a fact that has joined this conversation by now may change more than its transcript and its turns.

    False only for a line that has no part in beginning or ending it. A bot's first line changes the head, because it is
    on the bill; so does a line no later than the bot's first invocation. An undeclared agent's line adds a warning.
    """
    event, author, conversation = fact.event, fact.event.author, head.conversation
    if (
        not event.changes_only_transcript
        or not _has_its_place(head, fact, history, now)
        or _might_change_the_course(conversation, fact, history)
        or (event.breaks_silence and _changes_turn(head, fact, history, now))
        or (NOTES in event.attributes and _adds_warnings(conversation, fact))
    ):
        return True
    configuration = history.at(fact.at).configuration
    if author is not None and author.role == "agent":
        return not configuration.may_be_agent(author.id)
    if author is None or author.role != "bot":
        return tells_of_customer(conversation, fact)
    activity = conversation.bot_activity
    if advises(author, configuration.bot(author.id)):
        return not activity.smart_assist
    if not event.invokes_bot:
        return False
    name = bot_name(author.id, configuration)
    line = Invocation(at=fact.at, bot=name, through="message.posted", fact_id=fact.id)
    # Of equal times the one order tells which comes first, and for that both facts are needed.
    return any(known.at == line.at for known in activity.invocations) or activity.with_invocation(line) != activity


def _changes_turn(head: Head, line: Fact, history: History, now: datetime) -> bool:
    """True if the line gives the conversation to its agent, or if something may be due before the next check."""
    author, conversation, stay = line.event.author, head.conversation, head.conversation.stay
    if author is not None and author.role == "agent":
        has_it = stay is not None and (stay.holder, stay.id) == ("agent", author.id) and line.order > stay.since
        if not has_it or changes_hands_often(conversation.stays):
            return True
    if conversation.closed_at is not None:
        return False
    is_seen = head.attention is not None
    if is_seen and stay is not None and Silence().after(line, stay, history).turn == "customers":
        # Whoever answers is not waited for any more.
        return True
    return must_be_checked_earlier(conversation, line, head.due_at, history, now, is_seen=is_seen)


def _might_change_the_course(conversation: Conversation, line: Fact, history: History) -> bool:
    """True if another line may count otherwise with it: it comes late, and silence may have ended the conversation."""
    folded_to = conversation.folded_to
    return folded_to is not None and line.order < folded_to and silence_may_count(conversation, folded_to.at, history)


def _adds_warnings(conversation: Conversation, fact: Fact) -> bool:
    """True if notes of the fact's reading are not counted as often as they ever are."""
    counted = {warning.code: warning.count for warning in conversation.warnings}
    return any(counted.get(note.code, 0) < MOST_NOTED for note in notes_of(fact.event.attributes))


def _has_its_place(head: Head, fact: Fact, history: History, now: datetime) -> bool:
    """True if the conversation neither begins nor ends with the fact, nor goes on with it in the next one."""
    conversation = head.conversation
    if conversation.closed_at is None:
        began = conversation.started_at is not None
        return began or (conversation.folded_to is not None and fact.order > conversation.folded_to)
    if conversation.ends_at is None or conversation.goes_on_after is None or conversation.started_at is None:
        return False
    if conversation.open_until != conversation.closed_at or conversation.settlement.continues:
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
        # The holder's own lines, which do not change who has the conversation, are folded by nobody else.
        or (before.stay != after.stay and before.stay is not None and before.stay.holder == "agent")
        or before.customer != after.customer
        or (earlier.smart_assist and not later.smart_assist)
        or any((one.bot, one.at, one.fact_id) not in still_invoked for one in earlier.invocations)
    )
