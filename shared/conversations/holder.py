"""Who has a conversation, one after another, and whose word is awaited. Pure.

Until people are offered conversations, the agent who wrote last has one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from shared.conversations.order import SortKey
from shared.events.data import Holder, HolderKind
from shared.tenants.history import History
from shared.wire import ExactModel

if TYPE_CHECKING:
    from shared.conversations.fact import Fact

MOST_STAYS = 20
"""The stays that a conversation keeps: the newest ones."""
OFTEN = 5
"""As many agents as may have had a conversation, one after another, until every agent's line is folded at once."""
_BEGINNING = datetime.min.replace(tzinfo=UTC)

Turn = Literal["ours", "customers"]
"""Whose word is awaited: that of whoever has the conversation, or the customer's."""


class Stay(ExactModel):
    """Who has a conversation from a place in the order on. `since` names the fact that led to it."""

    since: SortKey
    holder: HolderKind
    id: str

    @property
    def held_by(self) -> Holder:
        return Holder(kind=self.holder, id=self.id)


def from_the_beginning(start: SortKey) -> SortKey:
    """The place of a conversation's start, which comes before all other facts wherever its own key stands."""
    return start._replace(at=_BEGINNING)


def with_stay(stays: Sequence[Stay], new: Stay) -> tuple[Stay, ...]:
    """The newest stays, with one more."""
    return (*stays, new)[-MOST_STAYS:]


def changes_hands_often(stays: Sequence[Stay]) -> bool:
    """True if so many agents had the conversation that each of their lines is folded when it comes.

    Otherwise the lines of the one who has it are only stored, and all facts are needed to tell who has it when another
    one writes. In turn, for ever, that would cost more with each line.
    """
    return sum(stay.holder == "agent" for stay in stays) >= OFTEN


@dataclass(frozen=True)
class Silence:
    """Whose word is awaited, and since when.

    `since` is the newest fact that broke the silence, None before the first one; `arrived_at` is when the last of those
    that broke it arrived. `asked` is what is to be answered, while it is our turn: the customer's first line without an
    answer, or what gave the conversation to its holder.
    """

    turn: Turn = "ours"
    since: "Fact | None" = None
    arrived_at: datetime = _BEGINNING
    asked: "Fact | None" = None

    def after(self, fact: "Fact", stay: Stay | None, history: History) -> "Silence":
        """The silence after one more fact, at which `stay` is who has the conversation.

        A queue's turn is ours, whatever a bot says. A bot's or an agent's is ours from a start, a line of the customer,
        or its beginning on, until the holder's public line. Private lines, escalations without effect, and a second
        start, such as one that was assumed before the channel's came, change nothing.
        """
        event, author = fact.event, fact.event.author
        if self.since is not None and author is None and not event.hands_over:
            return self
        begins_stay = stay is not None and stay.since.fact_id == fact.id
        if not begins_stay and (event.hands_over or not event.breaks_silence):
            return self
        if author is not None and author.role != "customer" and not event.hands_over:
            bot = history.at(fact.at).configuration.bot(author.id) if author.role == "bot" else None
            if bot is not None and bot.smart_assist:
                return self
            # A bot that nobody declares is taken for the one that has it.
            answers = stay is not None and author.role == stay.holder and (bot is None or bot.id == stay.id)
            return self._broken_by(fact, "customers", None) if answers else self._broken_by(fact, self.turn, self.asked)
        # Nobody is asked anything by a start; who went on to people for want of an answer waits there ever since.
        asked = self.asked.event if self.asked else None
        waits = asked is not None and (asked.author is not None or asked.hands_over) and not begins_stay
        return self._broken_by(fact, "ours", self.asked if waits else fact)

    def _broken_by(self, fact: "Fact", turn: Turn, asked: "Fact | None") -> "Silence":
        return Silence(turn, fact, max(self.arrived_at, fact.received_at), asked)

    @property
    def counts_from(self) -> datetime | None:
        """From when on it counts: from the newest fact's time, or from the last arrival where that is later.

        So what arrives late, after an outage of the channel or of ours, closes nobody. None before the first fact.
        """
        return None if self.since is None else max(self.since.at, self.arrived_at)


def silence(stays: Sequence[Stay], ordered: Iterable["Fact"], history: History) -> Silence:
    """The silence after these facts, given in order."""
    now, index = Silence(), 0
    for fact in ordered:
        while index + 1 < len(stays) and stays[index + 1].since <= fact.order:
            index += 1
        now = now.after(fact, stays[index] if stays else None, history)
    return now
