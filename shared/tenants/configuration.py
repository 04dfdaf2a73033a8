"""A tenant's configuration: one document, which declares every name that it uses."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache, cached_property
from importlib.resources import files
from itertools import chain, islice
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo
from pydantic_core import PydanticCustomError

from shared.dialects.proof import Proof
from shared.dialects.registry import dialect_named, known_dialect, known_proof
from shared.errors import UnknownAccount
from shared.events.data import ChannelReference
from shared.near_miss import did_you_mean
from shared.routing.work_stream import Id, Inactivity, Queue, Seconds, WorkStream
from shared.wire import ExactModel

TENANT_ID = r"[a-z0-9][a-z0-9-]{0,63}"
"""A pattern that every tenant's id matches as a whole."""
_MOST_COMPARED = 200
"""The channels among which one is looked for that an unknown name may mean: each takes some microseconds."""
_LONGEST_COMPARED = 200
_MAX_BOT_NAME = 30
"""Characters; seed 001: bots with longer names fail to connect."""


def _short_enough(name: str) -> str:
    if len(name) > _MAX_BOT_NAME:
        raise PydanticCustomError("name_too_long", "String should have at most 30 characters, or no bot connects")
    return name


BotName = Annotated[str, StringConstraints(min_length=1), AfterValidator(_short_enough)]
MicrosoftId = Annotated[str, StringConstraints(min_length=1, to_lower=True)]


def _names_a_setting(reference: str) -> str:
    if not re.fullmatch(r"env:[A-Z][A-Z0-9_]*", reference):
        raise ValueError("is no reference such as env:PATCHBAY_SECRET_CONTOSO_APP: name a setting, never the secret")
    return reference


SecretReference = Annotated[str, AfterValidator(_names_a_setting)]
"""`env:NAME`: the app setting that holds a secret, which may be a Key Vault reference; never the secret itself."""

DialectName = Annotated[str, AfterValidator(known_dialect)]
"""The name of a dialect of `shared/dialects/registry.py`."""
ProofName = Annotated[str, AfterValidator(known_proof)]
"""The name of a proof: one that a dialect has of its own, `standardWebhooks`, or `none`."""


@cache
def _time_zones() -> frozenset[str]:
    """The IANA names. `localtime` is none: it would bill differently on another machine."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}


def _known_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError(f"is no IANA time zone, such as Europe/Berlin{did_you_mean(name, _time_zones())}")
    return name


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


def _not_before_from(until: date | None, info: ValidationInfo) -> date | None:
    if until is not None and until < info.data.get("effective", until):
        raise ValueError("is before from")
    return until


class Licence(ExactModel):
    """Licences of one product, for whole months: from that of `from` to that of `until`, or for good without one."""

    product: Literal["Chat", "Digital Messaging"]
    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    effective: Annotated[date, Field(alias="from")]
    until: Annotated[date | None, AfterValidator(_not_before_from)] = None


class AddOn(ExactModel):
    """Chatbot session add-ons, counted like licences; they need a licence."""

    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    effective: Annotated[date, Field(alias="from")]
    until: Annotated[date | None, AfterValidator(_not_before_from)] = None


class FailOver(ExactModel):
    """The queue of people that gets a conversation whose bot left its customer unanswered for `after` seconds."""

    after: Seconds
    queue: Id


class Bot(ExactModel):
    """A bot; `app_id` is its Microsoft App ID, by which its activities are known.

    `smart_assist`: it advises the agent; the customer does not talk to it.
    """

    id: Id
    name: BotName
    app_id: MicrosoftId | None = None
    fail_over: FailOver | None = None
    smart_assist: bool = False


class Agent(ExactModel):
    """A human who takes conversations; `object_id` is that of Microsoft Entra, which Microsoft's channels name."""

    id: Id
    name: str
    object_id: MicrosoftId | None = None


class Channel(ExactModel):
    """A channel of a messaging account. Its policies of inactivity come before those of the work stream.

    `authentication` is given if it is not its dialect's own; `none` lets everybody in. There is one `secret`, or
    several `secrets` while one is being replaced. `native_id` is how the vendor calls this channel, and
    `handshake_secret` what the vendor shows when the webhook's address is registered; only some dialects read them.
    """

    id: Id
    work_stream: Id
    inactivity: Inactivity = Inactivity()
    authentication: ProofName | None = None
    secret: SecretReference | None = None
    secrets: tuple[SecretReference, ...] = ()
    native_id: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    handshake_secret: SecretReference | None = None

    @property
    def secret_references(self) -> tuple[str, ...]:
        return (self.secret, *self.secrets) if self.secret else self.secrets


class Account(ExactModel):
    """A messaging account, whose channels all speak one dialect.

    `bots` are those whose tokens its channels bring; if none is named, all bots of the tenant with an app id.
    """

    id: Id
    dialect: DialectName
    bots: tuple[Id, ...] = ()
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]

    def proof_of(self, channel: Channel) -> Proof:
        """How a channel of this account proves itself. Raises ValueError if its dialect has no such proof."""
        proof = dialect_named(self.dialect).proof(channel.authentication)
        if proof is None:
            raise ValueError(f"{self.dialect} has no proof {channel.authentication!r}")
        return proof


class Configuration(ExactModel):
    """All that an administrator decides for one tenant."""

    tenant_id: Annotated[str, StringConstraints(pattern=f"^{TENANT_ID}$")]
    time_zone: TimeZone = "UTC"
    fallback_locale: Annotated[str, StringConstraints(min_length=1, max_length=35)] = "en"
    retention_days: Annotated[int, Field(ge=31, le=3650)] = 365
    closing_grace_days: Annotated[int, Field(ge=8, le=31)] = 8
    default_work_stream: Id
    licences: tuple[Licence, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    bots: tuple[Bot, ...] = ()
    agents: tuple[Agent, ...] = ()
    queues: Annotated[tuple[Queue, ...], Field(min_length=1)]
    work_streams: Annotated[tuple[WorkStream, ...], Field(min_length=1)]
    accounts: tuple[Account, ...] = ()
    event_secrets: tuple[SecretReference, ...] = ()
    """The secrets with which bots and systems without a token sign events (Standard Webhooks)."""

    def work_stream(self, work_stream_id: str | None) -> WorkStream | None:
        return next((stream for stream in self.work_streams if stream.id == work_stream_id), None)

    def work_stream_for(self, named: str | None, *channels: ChannelReference | None) -> WorkStream:
        """The work stream that is named, else that of the first declared channel, else the default one."""
        declared = (self.channel(one.account_id, one.channel_id) for one in channels if one)
        of_channels = (found[1].work_stream for found in declared if found)
        # A valid configuration declares its default work stream. Channels are looked up only if they are needed.
        candidates = chain((named,), of_channels, (self.default_work_stream,))
        return next(stream for name in candidates if (stream := self.work_stream(name)))

    def channel(self, account_id: str, channel_id: str) -> tuple[Account, Channel] | None:
        return self._channels.get((account_id, channel_id))

    def unknown_channel(self, account_id: str, channel_id: str) -> UnknownAccount:
        """What an unknown channel is refused with; it names the declared one that may be meant."""
        names = (f"{account}/{channel}" for account, channel in self._channels)
        hint = did_you_mean(f"{account_id}/{channel_id}"[:_LONGEST_COMPARED], islice(names, _MOST_COMPARED))
        return UnknownAccount(account_id, channel_id, hint)

    @cached_property
    def _channels(self) -> Mapping[tuple[str, str], tuple[Account, Channel]]:
        """The channels by the ids of their accounts and their own: every event is looked up."""
        return {(account.id, one.id): (account, one) for account in self.accounts for one in account.channels}

    def app_ids(self, account: Account) -> frozenset[str]:
        """The app ids of the bots whose tokens the account's channels bring."""
        named = frozenset(account.bots)
        return frozenset(bot.app_id for bot in self.bots if bot.app_id and (not named or bot.id in named))

    def agent(self, native_id: str) -> Agent | None:
        """The agent with this native id: its id here, its object id, or `8:orgid:{object id}`; None without one."""
        by_id, by_object_id = self._agents
        return by_id.get(native_id) or by_object_id.get(native_id.lower().removeprefix("8:orgid:"))

    def may_be_agent(self, native_id: str) -> bool:
        """False only for whoever is no agent where agents are declared.

        Somebody who writes as the channel, such as by the telephone of a WhatsApp number, has its native id.
        """
        return not self.agents or self.agent(native_id) is not None or native_id in self._native_channels

    @cached_property
    def _agents(self) -> tuple[Mapping[str, Agent], Mapping[str, Agent]]:
        """The agents by their ids, and by their object ids."""
        by_object_id = {agent.object_id: agent for agent in self.agents if agent.object_id}
        return {agent.id: agent for agent in self.agents}, by_object_id

    @cached_property
    def _native_channels(self) -> frozenset[str]:
        return frozenset(one.native_id for account in self.accounts for one in account.channels if one.native_id)

    def bot(self, native_id: str) -> Bot | None:
        """The bot with this native id: its id here, its app id, or `28:{app id}`. None if no bot has it."""
        by_id, by_app_id = self._known_bots
        return by_id.get(native_id) or by_app_id.get(native_id.lower().removeprefix("28:"))

    @cached_property
    def _known_bots(self) -> tuple[Mapping[str, Bot], Mapping[str, Bot]]:
        """The bots by their ids, and those with an app id by it: every line of a bot is looked up."""
        return {bot.id: bot for bot in self.bots}, {bot.app_id: bot for bot in self.bots if bot.app_id}
