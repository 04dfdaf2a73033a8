"""Whether a conversation is a channel's own: a channel's proof speaks for its own conversations only."""

import hashlib

from shared.conversations.due_actions import UNKNOWN_CHANNEL
from shared.conversations.fact import Fact
from shared.conversations.ports import ConversationStore
from shared.errors import ForeignConversation
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference
from shared.events.stamp import CHANNEL, MARK_LENGTH
from shared.strict_json import canonical_json
from shared.threads.thread import is_of_another_channel

_NO_CHANNEL = "events"


def marked(event: Event, channel: ChannelReference | None) -> Event:
    """The event with the mark of the channel whose proof it came with, whatever its sender wrote there.

    Until the start of its conversation is known, this tells whose that one is.
    """
    if channel is not None:
        return event.with_unknown({CHANNEL: _mark(channel)})
    return event.with_unknown({CHANNEL: _NO_CHANNEL}) if CHANNEL in event.attributes else event


async def refuse_foreign(
    conversations: ConversationStore, tenant_id: str, channel: ChannelReference, subject: str
) -> None:
    """Raises ForeignConversation if the conversation is another channel's.

    It is the channel's that began it; before its start is known, the first one that sent an event, or that one names.
    What names no channel makes nobody the owner, since the start may be on its way.
    """
    key = conversation_key(subject)
    if is_of_another_channel(subject, channel):
        raise ForeignConversation
    found = await conversations.read_head(tenant_id, key)
    if found is None:
        return
    owner = found[0].conversation.channel
    if owner is not None and not _is_same(owner, UNKNOWN_CHANNEL):
        is_foreign = not _is_same(owner, channel)
    else:
        facts = (await conversations.load(tenant_id, key)).facts
        said_on = ((fact.received_at, fact.id, _mark_of(fact)) for fact in facts if not fact.is_ours)
        first = min((one for one in said_on if one[2]), default=None)
        is_foreign = first is not None and first[2] != _mark(channel)
    if is_foreign:
        raise ForeignConversation


def _is_same(one: ChannelReference, other: ChannelReference) -> bool:
    return (one.account_id, one.channel_id) == (other.account_id, other.channel_id)


def _mark_of(fact: Fact) -> str:
    """The mark of the channel by which a fact came, else of the one that a publisher named; empty without either."""
    mark, named = fact.event.attributes.get(CHANNEL, _NO_CHANNEL), fact.event.data.channel
    if mark != _NO_CHANNEL:
        return str(mark)
    return _mark(named) if named else ""


def _mark(channel: ChannelReference) -> str:
    names = canonical_json([channel.account_id, channel.channel_id]).encode()
    return hashlib.sha256(names).hexdigest()[:MARK_LENGTH]
