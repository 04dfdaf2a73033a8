"""The effects of a change: the difference between a conversation as it was and as it is. Pure."""

from collections.abc import Iterable

from shared.conversations.conversation import Conversation
from shared.conversations.effect import CloseThread, Effect, FollowUp, PostLedgerRow
from shared.conversations.fact import Fact
from shared.events.data import Customer
from shared.events.envelope import format_time
from shared.usage.correction import Occasion
from shared.usage.ledger import Exclusion, LedgerRow
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
    if row and row != posted:
        effects[f"ledger:{row.month}"] = PostLedgerRow(kind="postLedgerRow", row=row, occasion=occasion)
        if posted and posted.month != row.month:
            tombstone = replace(posted, excluded="moved")
            effects[f"ledger:{posted.month}"] = PostLedgerRow(kind="postLedgerRow", row=tombstone, occasion=occasion)
    threaded = after.channel is not None and after.channel.thread_id is not None
    if threaded and after.channel and after.closed_at and (before is None or before.closed_at != after.closed_at):
        effects["thread"] = CloseThread(kind="closeThread", channel=after.channel, at=after.closed_at)
    for fact_id in after.unseen:
        if after.closed_at and after.channel and (before is None or fact_id not in before.unseen):
            # A conversation without a thread is its own thread.
            thread_id = after.channel.thread_id or after.conversation_id
            effects[f"follow:{fact_id}"] = FollowUp(
                kind="followUp",
                fact_id=fact_id,
                channel=replace(after.channel, thread_id=thread_id),
                customer=after.customer or Customer(id=after.conversation_id),
                ended_at=after.closed_at,
            )
    return effects


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
            effects[f"ledger:{row.month}"] = PostLedgerRow(row=tombstone, occasion=_occasion(fact))
    unposted = replace(before, ledger_day=None) if before else None
    return {**effects, **reconcile(unposted, after, revision, fact)}


def _occasion(fact: Fact) -> Occasion:
    return Occasion(fact_id=fact.id, type=fact.event.type, received_at=format_time(fact.received_at))


def ledger_row(conversation: Conversation, revision: int) -> LedgerRow | None:
    """The conversation's row in the month that it belongs to; None while it has no fact."""
    if conversation.ledger_day is None:
        return None
    session, channel = conversation.bot_session, conversation.channel
    excluded: Exclusion | None = None
    if session is None:
        excluded = "smart_assist_only" if conversation.smart_assist else "no_bot"
    return LedgerRow(
        month=conversation.ledger_day[:7],
        day=conversation.ledger_day,
        conversation_id=conversation.conversation_id,
        key=conversation.key,
        revision=revision,
        excluded=excluded,
        started_at=format_time(conversation.started_at) if conversation.started_at else None,
        proof=conversation.invocations[0] if conversation.invocations else None,
        bots=session.bots if session else (),
        account=channel.account_id if channel else None,
        channel=channel.channel_id if channel else None,
        work_stream=conversation.work_stream,
        escalated=conversation.escalated_at is not None,
    )
