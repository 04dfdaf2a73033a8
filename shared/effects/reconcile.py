"""The effects of a change: the difference between a conversation as it was and as it is. Pure."""

from collections.abc import Iterable

from shared.contributions.row import Occasion
from shared.conversations.bot_activity import BotActivity, told_invocation
from shared.conversations.conversation import Conversation, Unseen
from shared.conversations.effect import FOLLOW_UP, Contribute, Effect, FollowUp, TellThread
from shared.conversations.extent import goes_on
from shared.conversations.fact import Fact
from shared.events.data import Customer
from shared.events.envelope import format_time
from shared.threads.span import Share
from shared.threads.thread import is_first
from shared.usage.ledger import LedgerRow, written_row
from shared.usage.rating import INVOICED, Policy
from shared.wire import replace


def reconcile(
    before: Conversation | None, after: Conversation, revision: int, fact: Fact | None = None
) -> dict[str, Effect]:
    """The effects of the change from `before` to `after`, by id. A later effect of an id replaces the earlier one.

    `fact` is the fact whose recording made the change.
    """
    effects: dict[str, Effect] = {}
    occasion = _occasion(fact) if fact else None
    row = ledger_row(after, revision)
    posted = ledger_row(before, revision) if before else None
    if row and (posted is None or row.without_turns() != posted.without_turns()):
        effects[f"ledger:{row.month}"] = _contribution(row, occasion)
        if posted and posted.month != row.month:
            tombstone = replace(posted, excluded="moved")
            effects[f"ledger:{posted.month}"] = _contribution(tombstone, occasion)
    # An end may come before the start, which says in which thread the conversation is.
    telling = _tell_thread(after, revision)
    if telling and (before is None or telling != _tell_thread(before, revision)):
        effects["thread"] = telling
    # Without a channel nothing could go on until now.
    known = before.unseen if before and before.channel else None
    if after.closed_at and after.channel and after.unseen and after.unseen != known:
        # What stands before the place up to which all is folded may be counted already.
        is_new = fact is not None and (before is None or before.folded_to is None or fact.order > before.folded_to)
        added = _only_one_added(known, after.unseen, fact if is_new else None)
        # A conversation without a thread is its own thread.
        thread_id = after.channel.thread_id or after.conversation_id
        effects[f"{FOLLOW_UP}:{added}" if added else FOLLOW_UP] = FollowUp(
            kind="followUp",
            fact_id=added,
            channel=replace(after.channel, thread_id=thread_id),
            customer=after.customer or Customer(id=after.conversation_id),
            ended_at=after.closed_at,
        )
    return effects


def _tell_thread(conversation: Conversation, revision: int) -> TellThread | None:
    """What the thread must know of the conversation. None if it is in no thread, or is open and the first one there.

    One that is open tells when it began, since it may continue the one before.
    """
    channel = conversation.channel
    begins = conversation.started_at or conversation.closed_at
    if channel is None or channel.thread_id is None or begins is None:
        return None
    if conversation.closed_at is None and is_first(conversation.conversation_id):
        return None
    invocations = conversation.bot_activity.invocations
    share = Share(
        revision=revision,
        begins=begins,
        closed_at=conversation.closed_at,
        open_until=conversation.open_until,
        holder=conversation.last_holder,
        invocation=told_invocation(invocations[0]) if invocations else None,
        newest=conversation.newest_at,
    )
    return TellThread(kind="tellThread", channel=channel, share=share)


def _only_one_added(known: Unseen | None, unseen: Unseen, fact: Fact | None) -> str | None:
    """The id of the fact, if it is the only one that is added to those that go on; else None."""
    one_more = known is not None and replace(known, count=known.count + 1) == unseen
    return fact.id if fact and one_more and goes_on(fact, unseen) else None


def reconcile_anew(
    rows: Iterable[LedgerRow], before: Conversation | None, after: Conversation, revision: int, fact: Fact
) -> dict[str, Effect]:
    """As `reconcile`, but posts the row in any case, because the ledger may lack the row of `before`.

    `rows` are the ledger's rows of the conversation. A row in another month becomes a tombstone.
    """
    effects: dict[str, Effect] = {}
    for row in rows:
        if row.excluded != "moved":
            tombstone = replace(row, excluded="moved", revision=revision)
            effects[f"ledger:{row.month}"] = _contribution(tombstone, _occasion(fact))
    unposted = replace(before, bot_activity=BotActivity()) if before else None
    return {**effects, **reconcile(unposted, after, revision, fact)}


def _occasion(fact: Fact) -> Occasion:
    return Occasion(fact_id=fact.id, type=fact.event.type, received_at=format_time(fact.received_at))


def _contribution(row: LedgerRow, occasion: Occasion | None) -> Contribute:
    return Contribute(kind="contribute", total=row.total, row=written_row(row), occasion=occasion)


def ledger_row(conversation: Conversation, revision: int, policy: Policy = INVOICED) -> LedgerRow | None:
    """The conversation's row in the month that it belongs to; None while it has no fact."""
    rating, channel = policy.rate(conversation.bot_activity), conversation.channel
    if rating is None:
        return None
    return LedgerRow(
        policy=str(policy),
        month=rating.day[:7],
        day=rating.day,
        conversation_id=conversation.conversation_id,
        key=conversation.key,
        revision=revision,
        excluded=rating.excluded,
        started_at=format_time(conversation.started_at) if conversation.started_at else None,
        proof=rating.proof,
        bots=rating.bots,
        account=channel.account_id if channel else None,
        channel=channel.channel_id if channel else None,
        work_stream=conversation.work_stream,
        escalated=conversation.escalated_at is not None,
        activity=conversation.bot_activity,
    )
