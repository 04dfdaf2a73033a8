"""Finds the conversation of a line that an event changes: the event names the line, and no conversation."""

from shared.conversations.fact import fact_id
from shared.conversations.ports import ConversationStore
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference
from shared.events.types.message_changed import MessageChanged
from shared.threads.resolve import PseudonymsOf, Threads

_MOST_CONVERSATIONS = 20
"""The newest conversations of a thread that are looked at. Each is a point read, and older lines are hardly changed."""


async def conversation_of_line(
    threads: Threads,
    conversations: ConversationStore,
    pseudonyms_of: PseudonymsOf,
    tenant_id: str,
    channel: ChannelReference,
    event: Event,
) -> str | None:
    """The first conversation of the thread that has the line; None if none has it yet, or the event changes no line.

    A line that went on into the next conversation is in both. Its change goes on as the line did.
    """
    if not isinstance(event, MessageChanged):
        return None
    found, pseudonyms = None, await pseudonyms_of(tenant_id)
    for conversation_id in (await threads.known(tenant_id, channel))[:_MOST_CONVERSATIONS]:
        line = fact_id(pseudonyms, conversation_id, event.source, event.data.message_id)
        has_line = await conversations.read_fact(tenant_id, conversation_key(conversation_id), line) is not None
        if found and not has_line:
            break
        found = conversation_id if has_line else None
    return found
