"""Our id of a customer, by which conversations are found. Pure."""

from shared.conversations.conversation import Conversation
from shared.events.data import ChannelReference
from shared.events.pseudonym import Pseudonyms


def customer_id(pseudonyms: Pseudonyms, channel: ChannelReference, native_id: str) -> str:
    """The pseudonym of a channel's customer. A person who uses two channels is two customers."""
    return pseudonyms.of("customer", channel.account_id, channel.channel_id, native_id)


def customer_of(pseudonyms: Pseudonyms, conversation: Conversation) -> str | None:
    """Our id of the conversation's customer; None while its start is unknown."""
    if conversation.channel is None or conversation.customer is None:
        return None
    return customer_id(pseudonyms, conversation.channel, conversation.customer.id)
