"""What a thread tells its conversations: events that say what each counts as. Pure."""

from shared.events.envelope import OWN_SOURCE, format_time
from shared.events.types.session_settled import SessionSettled, SettledData
from shared.threads.thread import Thread, ThreadedConversation


def settled_events(tenant_id: str, thread: Thread, unless_told_by: Thread | None) -> list[SessionSettled]:
    """What tells the conversations of a thread what they count as; the same, byte by byte, each time it is built.

    `unless_told_by`: those that this earlier state of the thread had settled in the same way need not be told.
    """
    known = {one.conversation_id: one.settled for one in unless_told_by.conversations} if unless_told_by else {}
    return [
        settled_event(tenant_id, one)
        for one in thread.conversations
        if one.settled.number and one.settled != known.get(one.conversation_id) and not one.is_forgotten
    ]


def settled_event(tenant_id: str, conversation: ThreadedConversation) -> SessionSettled:
    """What tells a conversation what it counts as; it was settled before."""
    settled = conversation.settled
    assert settled.at is not None, "what was settled was settled at a time"
    members = settled.settlement.model_dump(by_alias=True, exclude_none=True)
    return SessionSettled(
        specversion="1.0",
        id=f"settled:{settled.number}",
        source=OWN_SOURCE,
        type="session.settled",
        subject=conversation.conversation_id,
        time=format_time(settled.at),
        tenantid=tenant_id,
        datacontenttype="application/json",
        data=SettledData.model_validate({**members, "revision": settled.number}),
    )
