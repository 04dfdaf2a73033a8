"""What a dialect is: all that the rest of Patchbay asks about one kind of native payload and its senders.

All that is known of a dialect lies in its room, `shared/dialects/<name>/` or one file, as one subclass of `Dialect`;
`registry.py` names it once. Nobody else compares a dialect's name: who needs to know something asks for it here.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Protocol

from shared.dialects.notes import Note, NoteKinds
from shared.dialects.proof import COMMON_PROOFS, Proof
from shared.dialects.reading import Reading
from shared.dialects.received import Received, Reply
from shared.errors import UnknownAccount
from shared.events.claim_check import CheckedIn
from shared.events.data import ChannelReference

Capability = Literal["cannotSend"]
"""`cannotSend`: lines are only read; nothing can be sent to the customer in this dialect."""

ChannelMember = Literal["nativeId", "handshakeSecret"]
"""Members of a channel's configuration that only some dialects read."""

Outcome = Reading | CheckedIn
"""What a payload is read as: drafts that still lack their conversation, or an event that names its own."""


class Declared(Protocol):
    """A bot or an agent that the tenant declares."""

    @property
    def id(self) -> str: ...


class KnownBot(Declared, Protocol):
    """A bot that the tenant declares. `smart_assist`: it advises the agent; the customer does not talk to it."""

    @property
    def smart_assist(self) -> bool: ...


class TenantView(Protocol):
    """What a reader may ask of its tenant's configuration."""

    @property
    def tenant_id(self) -> str: ...

    def bot(self, native_id: str) -> KnownBot | None:
        """The declared bot with this native id."""
        ...

    def agent(self, native_id: str) -> Declared | None:
        """The declared agent with this native id."""
        ...

    def channel(self, account_id: str, channel_id: str) -> object | None:
        """None if the configuration declares no such channel."""
        ...

    def unknown_channel(self, account_id: str, channel_id: str) -> UnknownAccount:
        """What an unknown channel is refused with; it names the declared one that may be meant."""
        ...


def declared_sender(tenant: TenantView, *native_ids: object) -> tuple[Literal["bot", "agent"], str] | None:
    """The role and the declared id of a sender who has one of these native ids; None if the tenant declares nobody so.

    Every dialect whose payloads need not say a sender's role asks here.
    """
    for native_id in native_ids:
        if isinstance(native_id, str):
            if bot := tenant.bot(native_id):
                return "bot", bot.id
            if agent := tenant.agent(native_id):
                return "agent", agent.id
    return None


@dataclass(frozen=True)
class Ingress:
    """Where a payload comes in: the tenant, and the channel whose webhook it is (None: the route `events`).

    `native_id`: how the vendor calls this channel, if the configuration says it.
    """

    tenant: TenantView
    channel: ChannelReference | None = None
    native_id: str | None = None


@dataclass(frozen=True)
class Decoded:
    """A body taken apart: each native payload after its path, `""` for a body that is no set.

    In a set each payload is read, and perhaps rejected, on its own. `notes` and `ignored` are about the whole body.
    """

    payloads: Sequence[tuple[str, Any]]
    is_set: bool = False
    notes: Sequence[Note] = ()
    ignored: Sequence[Note] = ()


@dataclass(frozen=True)
class Recognition:
    """What a body tells of itself: its form, and the channel id that it names."""

    form: str = "one"
    channel: str | None = None


@dataclass(frozen=True)
class Terms:
    """What a handshake is answered by: the channel's handshake secrets, and the requests that a minute may have.

    `secrets` is None on the local host where none is set: there no secret is asked for. `requests_per_minute` is None
    where there is no limit.
    """

    secrets: Sequence[str] | None = ()
    requests_per_minute: int | None = None


class Dialect(ABC):
    """The native payloads of one kind of sender. Everything is pure: no clock, no store, no network."""

    name: ClassVar[str]
    """The value of `dialect` in an account's configuration."""
    payload: ClassVar[str]
    """What its senders post, with its article, for people: `a Telegram update`."""
    time_at: ClassVar[str]
    """The path of the time in a payload."""
    default_proof: ClassVar[Proof]
    """How a channel proves itself whose configuration says nothing."""
    own_proofs: ClassVar[tuple[Proof, ...]] = ()
    """Proofs that only its senders can give, or that only this dialect checks in its own way."""
    channel_members: ClassVar[frozenset[ChannelMember]] = frozenset()
    """The members of a channel's configuration that it reads beside those of every channel."""
    handshake_parameters: ClassVar[tuple[str, ...]] = ()
    """The query parameters of its vendor's handshake."""
    capabilities: ClassVar[frozenset[Capability]] = frozenset()
    presentation: ClassVar[frozenset[str]] = frozenset()
    """The members of a line's data that tell how it is shown, or who else is told: when the line comes again, they may
    be others, and still it says nothing new."""
    notes: ClassVar[NoteKinds] = {}
    """The codes of its own notes, each with severity and remedy."""
    forms: ClassVar[Mapping[str, str]] = {}
    """What people call each form but the single payload: `{"batch": "a batch"}`."""
    needs_channel: ClassVar[bool] = True
    """False if its payloads need no webhook of a channel, because they name their conversation."""

    @abstractmethod
    def recognise(self, received: Received, document: Any) -> Recognition | None:
        """A guess from the body alone, for the payload doctor. `document`: the body's JSON, None if it is none."""

    @abstractmethod
    def decode(self, received: Received) -> Decoded:
        """Take a body apart. Raises InvalidDocument for one that cannot be read, or holds too many payloads."""

    @abstractmethod
    def read(self, native: Any, ingress: Ingress) -> Outcome:
        """Read one payload as `decode` gave it. Raises Refused with the member that is missing or wrong."""

    def handshake(self, received: Received, terms: Terms) -> Reply | None:
        """The answer to a vendor's question whether it may post here; None if the request is no such question.

        Raises Unauthorized if the question lacks its proof. A challenge in an ordinary payload is answered by
        `acknowledge`, since such a request has proven itself already.
        """
        return None

    def acknowledge(self, received: Received, receipt: Mapping[str, Any]) -> Reply:
        """The answer to a body that was taken. `receipt` says what became of it."""
        return Reply(202, receipt)

    def proof(self, name: str | None) -> Proof | None:
        """The proof of this name, the default one for None; None if its channels cannot give it."""
        if name is None:
            return self.default_proof
        return next((proof for proof in (*self.own_proofs, *COMMON_PROOFS) if proof.name == name), None)
