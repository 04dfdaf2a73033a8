"""What the data of events is made of: people, places, attachments, and what stands for large contents."""

import operator
from typing import Annotated, Literal, Self

from pydantic import Field, StringConstraints, model_validator

from shared.events.envelope import EventTime
from shared.near_miss import typo_between
from shared.wire import WireModel, replace

Name = Annotated[str, StringConstraints(min_length=1, max_length=256)]
NativeId = Annotated[str, StringConstraints(min_length=1, max_length=1024)]

MAX_NAME = 256
MAX_LOCALE = 64

Role = Literal["customer", "bot", "agent", "system"]
Visibility = Literal["public", "private"]


class ChannelReference(WireModel):
    """Where a conversation takes place: messaging account, channel, and the channel's own thread."""

    account_id: Name
    channel_id: Name
    thread_id: NativeId | None = None


class Customer(WireModel):
    """The customer of a conversation; `locale` is a BCP 47 tag."""

    id: NativeId
    name: Annotated[str, StringConstraints(max_length=MAX_NAME)] | None = None
    locale: Annotated[str, StringConstraints(max_length=MAX_LOCALE)] | None = None


class Author(WireModel):
    """The author of a line. `smart_assist`: a bot that advises the agent; the customer does not talk to it."""

    role: Role
    id: NativeId
    name: str | None = None
    smart_assist: bool = False


HolderKind = Literal["bot", "queue", "agent"]


class Holder(WireModel):
    """Who has a conversation: a bot, an agent, or a queue while it waits for a person."""

    kind: HolderKind
    id: NativeId


class SpanInvocation(WireModel):
    """An invocation of a bot: when, what invoked it (`through`), and the fact that proves it."""

    at: EventTime
    bot: NativeId
    through: str
    fact_id: str


class ClaimCheck(WireModel):
    """Stands for content that is too large for its event: its SHA-256 (hex), its bytes, and their media type."""

    sha256: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    content_type: str


class Attachment(WireModel):
    """A file or card; `size` in bytes. The channel's other members (a card's `content`) are kept.

    `claim_checks` stand for its members that are kept in the overflow, by their names.
    """

    name: str
    content_type: str
    size: Annotated[int, Field(ge=0)] | None = None
    url: str | None = None
    claim_checks: dict[str, ClaimCheck] = Field(default_factory=dict, exclude_if=operator.not_)


class Line(WireModel):
    """What somebody said. A member that is almost `visibility` makes it private, unless it says that it is public.

    Such a member is kept like any other that is unknown. But what its sender kept from the customer stays so.
    """

    visibility: Visibility = "public"

    @model_validator(mode="after")
    def _almost_private(self) -> Self:
        if not self.model_extra or "visibility" in self.model_fields_set:
            return self
        meant = [self.model_extra[name] for name in self.almost_visibility()]
        if all(isinstance(one, str) and one.strip().casefold() == "public" for one in meant):
            return self
        return replace(self, visibility="private")

    def almost_visibility(self) -> list[str]:
        """The names of unknown members that are `visibility` but for a typo."""
        return [name for name in self.model_extra or () if typo_between(name[:80].strip(), "visibility")]


class BotHistoryLine(Line):
    """One line of the history that a bot hands over; `id` is the line's native id."""

    id: str | None = None
    time: EventTime | None = None
    author: Author
    text: str | None = None
    attachments: tuple[Attachment, ...] = ()


class AddressedData(WireModel):
    """Data of an event. An event without a subject names its channel's thread in `channel`.

    `claim_checks` stand for its members that are kept in the overflow, by their names.
    """

    channel: ChannelReference | None = None
    claim_checks: dict[str, ClaimCheck] = Field(default_factory=dict)
