"""What every event about a conversation says of itself: the traits of its type."""

from abc import abstractmethod
from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, Literal, Self, get_args

from pydantic import model_validator

from shared.errors import InvalidEvent, Mistake
from shared.events.data import AddressedData, Attachment, Author, BotHistoryLine
from shared.events.envelope import Envelope, time_fault

Begins = Literal["always", "ifFirst", "never"]
"""When an activity begins a conversation, if none is going on in the thread. A customer's always does; a bot's or an
agent's does only if the thread has none yet; an end never does."""


class ConversationEvent(Envelope):
    """An event about one conversation. No trait has a default: each type states all of them.

    A trait that may depend on the single event is a property here. A type that lacks one of these cannot be decoded.
    """

    data: AddressedData

    subscription: ClassVar[str | None]
    """The bus subscription that its messages reach; None: events of the type never travel."""
    contents: ClassVar[frozenset[str]]
    """The declared members of `data` that may be kept apart from an event that is too large."""
    is_question: ClassVar[bool]
    """It is answered, and never stored."""
    hands_over: ClassVar[bool]
    """It gives the conversation to somebody else, or has no effect at all; a decision says which."""
    goes_on: ClassVar[bool]
    """It goes on in the thread's next conversation, if an end did not know of it, or the next one had begun by then."""
    ends_conversation: ClassVar[bool]
    """The earliest fact of the type closes its conversation."""
    looks_back: ClassVar[bool]
    """A later fact of the type may change what earlier ones do to the conversation."""
    changes_only_transcript: ClassVar[bool]
    """Most facts of the type change nothing but the transcript, so each is stored before anything is read."""
    is_activity: ClassVar[bool]
    """Something happens in the conversation with it: its last activity, and its retention, count from it."""

    @classmethod
    def type_name(cls) -> str:
        """The value of `type` on the wire."""
        (name,) = get_args(cls.model_fields["type"].annotation)
        return str(name)

    @classmethod
    def staying_members(cls) -> frozenset[str]:
        """The declared members of `data`, by their names on the wire, that are never kept apart from the event."""
        declared = cls.model_fields["data"].annotation
        assert declared is not None, "`data` has a model"
        return frozenset(str(field.alias) for field in declared.model_fields.values()) - cls.contents

    @property
    @abstractmethod
    def author(self) -> Author | None:
        """Who says something with it; None: nobody does."""

    @property
    @abstractmethod
    def attachments(self) -> tuple[Attachment, ...]:
        """Its own attachments, without those in a bot's history."""

    @property
    @abstractmethod
    def history(self) -> tuple[BotHistoryLine, ...]:
        """The lines that a bot hands over with it, which may have been said here, too."""

    @property
    @abstractmethod
    def context_variables(self) -> Mapping[str, Any]:
        """The values that it gives to context variables."""

    @property
    @abstractmethod
    def sequence(self) -> int | None:
        """The channel's own order among events of one time; None: the channel gives none."""

    @property
    @abstractmethod
    def begins_conversation(self) -> Begins:
        """When it begins the thread's next conversation."""

    @property
    @abstractmethod
    def breaks_silence(self) -> bool:
        """True if the time after which a conversation is silent counts from it."""

    @property
    @abstractmethod
    def invokes_bot(self) -> bool:
        """True if a bot is at work with it, so that the conversation may count."""

    @property
    @abstractmethod
    def asks_for_somebody(self) -> bool:
        """True if somebody has to be there for it: it goes on in the next conversation if an end did not know of it."""

    @model_validator(mode="after")
    def _is_addressed(self) -> Self:
        if self.subject is None and (self.data.channel is None or self.data.channel.thread_id is None):
            raise ValueError("subject is missing, and data.channel does not name accountId, channelId and threadId")
        return self


def refuse_time(event: ConversationEvent, now: datetime) -> None:
    """Raises InvalidEvent for an event that arrives now, and cannot be of its time."""
    if fault := time_fault(event.moment, now):
        raise InvalidEvent([Mistake("time", fault)])
