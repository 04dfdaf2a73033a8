"""Effects: what has to happen outside a conversation when it changes. Its outbox holds them until they are done."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from shared.contributions.row import Occasion, Row, Total
from shared.events.data import ChannelReference, Customer
from shared.wire import ExactModel

LEFT_OVER_AFTER = timedelta(seconds=30)
"""An outbox this old was left over by a crash, and `sweep` performs it."""


class Contribute(ExactModel):
    """Add the conversation's row to a total; `occasion` is the fact that led to it."""

    kind: Literal["contribute"] = "contribute"
    total: Total
    row: Row
    occasion: Occasion | None = None


class CloseThread(ExactModel):
    """Close the conversation's interval in its channel's thread."""

    kind: Literal["closeThread"] = "closeThread"
    channel: ChannelReference
    at: datetime


class FollowUp(ExactModel):
    """Repeat facts in the thread's next conversation, because their own one ended without knowing of them.

    `fact_id` names the only one; None: all that go on.
    """

    kind: Literal["followUp"] = "followUp"
    fact_id: str | None
    channel: ChannelReference
    customer: Customer
    ended_at: datetime


Effect = Annotated[Contribute | CloseThread | FollowUp, Field(discriminator="kind")]
"""An effect may be performed twice without harm."""


def caused_by(effect: Effect) -> str | None:
    """The id of the fact that led to the effect; None if the effect does not name it."""
    match effect:
        case Contribute(occasion=occasion):
            return occasion.fact_id if occasion else None
        case FollowUp(fact_id=fact_id):
            return fact_id
    return None
