"""A channel's thread: one conversation after another, with their intervals. Pure; the use case is in `resolve.py`."""

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from pydantic import Field

from shared.events.conversation_event import Begins
from shared.events.data import ChannelReference, Customer
from shared.events.envelope import format_time
from shared.events.pseudonym import Pseudonyms
from shared.events.stamp import Stamp
from shared.events.types.conversation_started import ConversationStarted, StartedData
from shared.threads.span import MOST_TELLINGS, Settled, Share, settlements
from shared.wire import ExactModel, replace

_OF_A_THREAD = re.compile(r"(?P<names>.+)\.[0-9a-f]{64}\.[0-9]+", re.DOTALL)
_LONGEST_NAME = 80
_MOMENT = timedelta(microseconds=1)


MOST_CONVERSATIONS = 500
"""Conversations of a thread that its document keeps: the newest ones."""


class ThreadedConversation(ExactModel):
    """One conversation of a thread. It lasts from `opened_at` until `closed_at`, both RFC 3339 times in UTC.

    `context_variables`: those that it begins with, until it is announced. `begun` is False until something comes that
    begins it: an end or a change that came before was of this conversation already. `share` is what the conversation
    has told of itself, `settled` what it was told that it counts as. Of one that `is_forgotten` only these are left,
    while a later one continues it.
    """

    conversation_id: str
    opened_at: datetime
    customer: Customer
    closed_at: datetime | None = None
    announced: bool = False
    begun: bool = True
    context_variables: dict[str, Any] = Field(default_factory=dict)
    share: Share | None = None
    settled: Settled = Settled()
    is_forgotten: bool = False

    def closed(self, moment: datetime | None) -> "ThreadedConversation":
        """This conversation with its end at this moment; None: it goes on.

        No interval begins after its end, although an end may come late, and a line after an end that came first.
        """
        return replace(self, closed_at=moment, opened_at=min(self.opened_at, moment or self.opened_at))


class Thread(ExactModel):
    """A channel's thread with its conversations, oldest first. `forgotten`: how many it keeps no more.

    `same_as`: the key of the thread of which this one is only a newer id.
    """

    key: str
    channel: ChannelReference
    conversations: tuple[ThreadedConversation, ...] = ()
    forgotten: int = 0
    same_as: str | None = None

    def holding(self, moment: datetime, begins: Begins = "always") -> ThreadedConversation | None:
        """The conversation that an activity of this moment belongs to: the first that was not over by then.

        An activity that cannot begin a conversation belongs to no later one, but to the last that had begun by then.
        """
        held = next((c for c in self.conversations if c.closed_at is None or moment <= c.closed_at), None)
        if begins == "always" or not self.conversations:
            return held
        begun = [c for c in self.conversations if c.opened_at <= moment]
        return held if held and (held in begun or not begun) else (begun or self.conversations)[-1]

    def opening(
        self,
        moment: datetime,
        customer: Customer,
        begins: Begins = "always",
        context: Mapping[str, Any] | None = None,
        *,
        announced: bool = False,
    ) -> "Thread":
        """This thread with a conversation for the moment: a new one, or one whose opening moves to the moment.

        `context`: the variables that it begins with, if it begins with this activity.
        """
        held = self.holding(moment, begins)
        if held is None:
            new = ThreadedConversation(
                conversation_id=self._next_id(),
                opened_at=moment,
                customer=customer,
                announced=announced,
                begun=begins != "never",
                context_variables=dict(context or {}),
            )
            return self._with_conversations((*self.conversations, new))
        earlier = begins != "never" and (moment < held.opened_at or not held.begun)
        if earlier or (announced and not held.announced):
            opened_at = min(moment, held.opened_at) if held.begun else moment
            begun = replace(
                held,
                opened_at=opened_at,
                announced=announced,
                begun=True,
                customer=held.customer if held.begun else customer,
                context_variables=dict(context or {}),
            )
            return self._replacing(held, begun.closed(held.closed_at))
        return self

    def registering(self, conversation: ThreadedConversation) -> "Thread":
        """This thread with a conversation that its sender began and named, unless it is there already.

        One that was forgotten begins anew.
        """
        known = self.named(conversation.conversation_id)
        if known is not None and not known.is_forgotten:
            return self
        others = [one for one in self.conversations if one is not known]
        ordered = sorted((*others, conversation), key=lambda one: one.opened_at)
        return self._with_conversations(tuple(ordered))

    def joining(self, newer: "Thread") -> "Thread":
        """This thread with the conversations of its newer id.

        Their lines stay with them: an earlier conversation that is going on gives way where the first of them begins.
        """
        known = {one.conversation_id: one for one in self.conversations}
        for one in newer.conversations:
            kept = known.get(one.conversation_id, one)
            known[one.conversation_id] = replace(kept, closed_at=kept.closed_at or one.closed_at)
        ordered = sorted(known.values(), key=lambda one: one.opened_at)
        followed = [
            replace(one, closed_at=following.opened_at - _MOMENT) if one.closed_at is None else one
            for one, following in pairwise(ordered)
        ]
        return self._with_conversations((*followed, *ordered[-1:]))

    def announcing(self, conversation: ThreadedConversation) -> "Thread":
        """This thread with the conversation marked as announced, unless its opening moved meanwhile."""
        for known in self.conversations:
            same = (known.conversation_id, known.opened_at) == (conversation.conversation_id, conversation.opened_at)
            if same:
                return self._replacing(known, replace(known, announced=True, context_variables={}))
        return self

    def following(self, ended: ThreadedConversation, moment: datetime) -> "Thread":
        """This thread with a conversation after the ended one, opened at the moment or before."""
        ids = [conversation.conversation_id for conversation in self.conversations]
        if ended.conversation_id not in ids:
            return replace(self, conversations=(*self.conversations, ended)).following(ended, moment)
        place = ids.index(ended.conversation_id) + 1
        if place < len(ids):
            following = self.conversations[place]
            earlier = replace(following, opened_at=moment, announced=False)
            return self._replacing(following, earlier) if moment < following.opened_at else self
        new = ThreadedConversation(conversation_id=self._next_id(), opened_at=moment, customer=ended.customer)
        closed = self.closing(ended.conversation_id, ended.closed_at or moment)
        return self._with_conversations((*closed.conversations, new))

    def closing(self, conversation_id: str, moment: datetime) -> "Thread":
        """This thread with the conversation's interval closed, unless it is closed already."""
        known = self.named(conversation_id)
        if known is None or known.closed_at is not None:
            return self
        return self._replacing(known, known.closed(moment))

    def sharing(self, conversation_id: str, share: Share, now: datetime) -> "Thread":
        """This thread with what the conversation tells of itself now, and with what each counts as by that.

        A share of a lower revision than the one that is known changes nothing, nor does that of a first conversation
        that is open: nothing follows from it.
        """
        known = self.named(conversation_id)
        if known is None or (known.share is not None and share.revision <= known.share.revision):
            return self
        if known is self.conversations[0] and share.closed_at is None and known.share is None:
            return self
        told = replace(known.closed(share.closed_at or known.closed_at), share=share)
        return self._replacing(known, told).settling(now)

    def newer_revision(self, conversation_id: str, share: Share) -> int | None:
        """The revision at which the conversation told something newer than this share; None if it did not."""
        known = self.named(conversation_id)
        newest = known.share.revision if known is not None and known.share is not None else 0
        return newest if newest > share.revision else None

    def forgetting(self, conversation_id: str) -> "Thread":
        """This thread without the conversation, or, while later ones continue it, with no more of it than its share.

        Its number is never used again.
        """
        known = self.named(conversation_id)
        if known is None:
            return self
        nobody = Customer(id="forgotten")
        kept = replace(known, is_forgotten=True, customer=nobody, context_variables={}, announced=True)
        return self._replacing(known, kept).without_those_that_are_over()

    def named(self, conversation_id: str) -> ThreadedConversation | None:
        """The conversation of this id."""
        return next((known for known in self.conversations if known.conversation_id == conversation_id), None)

    def settling(self, now: datetime) -> "Thread":
        """This thread with what each conversation counts as. One that told nothing yet is not told anything."""
        shares = [known.share for known in self.conversations]
        begun = [known.share.begins if known.share else known.opened_at for known in self.conversations]
        settled = tuple(
            replace(known, settled=known.settled.after(each, now)) if known.share else known
            for known, each in zip(self.conversations, settlements(shares, begun), strict=True)
        )
        return replace(self, conversations=settled)

    def telling_again(self, conversation_id: str, now: datetime) -> "Thread":
        """This thread with one telling more of what the conversation counts as, which says the same."""
        known = self.named(conversation_id)
        if known is None or known.settled.number == MOST_TELLINGS:
            return self
        settled = replace(known.settled, number=known.settled.number + 1, at=now)
        return self._replacing(known, replace(known, settled=settled))

    def without_those_that_are_over(self) -> "Thread":
        """This thread without the forgotten conversations that no other one continues."""
        left: list[ThreadedConversation] = []
        for known in reversed(self.conversations):
            is_continued = bool(left) and left[-1].settled.settlement.continues
            if is_continued or not known.is_forgotten:
                left.append(known)
        gone = len(self.conversations) - len(left)
        return replace(self, conversations=tuple(reversed(left)), forgotten=self.forgotten + gone)

    def _with_conversations(self, conversations: tuple[ThreadedConversation, ...]) -> "Thread":
        """This thread with these conversations, of which it keeps the newest."""
        kept = conversations[-MOST_CONVERSATIONS:]
        return replace(self, conversations=kept, forgotten=self.forgotten + len(conversations) - len(kept))

    def _next_id(self) -> str:
        return conversation_id(self.channel, self.key, self.forgotten + len(self.conversations) + 1)

    def _replacing(self, old: ThreadedConversation, new: ThreadedConversation) -> "Thread":
        return replace(self, conversations=tuple(new if c == old else c for c in self.conversations))


def thread_key(pseudonyms: Pseudonyms, channel: ChannelReference) -> str:
    """The pseudonym of account, channel and native thread: two accounts never share a thread."""
    return pseudonyms.of("thread", channel.account_id, channel.channel_id, channel.thread_id)


def conversation_id(channel: ChannelReference, key: str, number: int) -> str:
    """The id of the n-th conversation of the thread with this key: `account.channel.key.n`.

    Account and channel are for people to read, and cut where they are too long: the key alone identifies the thread.
    """
    return f"{channel.account_id[:_LONGEST_NAME]}.{channel.channel_id[:_LONGEST_NAME]}.{key}.{number}"


def is_of_another_channel(conversation_id: str, channel: ChannelReference) -> bool:
    """True if this is an id that `conversation_id` gives to conversations of another channel's threads."""
    match = _OF_A_THREAD.fullmatch(conversation_id)
    own = f"{channel.account_id[:_LONGEST_NAME]}.{channel.channel_id[:_LONGEST_NAME]}"
    return match is not None and match["names"] != own


def started_event(tenant_id: str, channel: ChannelReference, conversation: ThreadedConversation) -> ConversationStarted:
    """The event that announces a thread's conversation. It is the same, byte by byte, each time it is built."""
    time = format_time(conversation.opened_at)
    variables = conversation.context_variables
    context: dict[str, Any] = {"context_variables": variables} if variables else {}
    # What began it came in no earlier, so the start comes first, and the same stamp each time.
    return ConversationStarted(
        **Stamp(conversation.opened_at).attributes(),
        specversion="1.0",
        id=f"started:{time}",
        source=f"/threads/{channel.account_id}/{channel.channel_id}",
        type="conversation.started",
        subject=conversation.conversation_id,
        time=time,
        tenantid=tenant_id,
        datacontenttype="application/json",
        data=StartedData(channel=channel, customer=conversation.customer, **context),
    )


def is_first(conversation_id: str) -> bool:
    """True for the id of a thread's first conversation. A sender's own id says nothing of its place in a thread."""
    match = _OF_A_THREAD.fullmatch(conversation_id)
    return match is not None and conversation_id.endswith(".1")
