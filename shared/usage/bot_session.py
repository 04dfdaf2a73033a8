"""What a conversation is invoiced as, beside the conversation itself."""

from datetime import datetime
from typing import Any

from shared.conversations.bot_activity import BotActivity
from shared.conversations.ports import Head
from shared.conversations.reading import conversation_document
from shared.usage.rating import INVOICED
from shared.wire import ExactModel


class BotSession(ExactModel):
    """A counted conversation: its first invocation fixes `month` (yyyy-mm); `bots` in order of invocation."""

    started_at: datetime
    month: str
    bots: tuple[str, ...]


def bot_session(activity: BotActivity) -> BotSession | None:
    """The session that a conversation is invoiced as; None if it is none."""
    rating = INVOICED.rate(activity)
    if rating is None or rating.proof is None:
        return None
    return BotSession(started_at=rating.proof.at, month=rating.day[:7], bots=rating.bots)


def invoiced_conversation(head: Head) -> dict[str, Any]:
    """A head as the JSON document of an answer, with the bot session that it is invoiced as."""
    session = bot_session(head.conversation.bot_activity)
    return conversation_document(head, session.model_dump(mode="json", by_alias=True) if session else None)
