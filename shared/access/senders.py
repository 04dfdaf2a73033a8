"""Authenticates channels and publishers by the proofs that their tenant's configuration asks for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field

from shared.access.issuer import TrustedIssuer
from shared.access.request import Request
from shared.access.secrets import GrantedSecrets
from shared.access.token import bearer_token, key_id_of, verified_claims
from shared.clock import Clock
from shared.dialects.dialect import Terms
from shared.dialects.proof import NoProof, SecretProof, TokenProof
from shared.dialects.received import Reply
from shared.dialects.registry import EVENTS, dialect_named
from shared.dialects.signatures import SIGNATURE_HEADER
from shared.errors import AuthenticationUnavailable, Unauthorized, UnknownTenant
from shared.tenants.configuration import Account, Channel, Configuration
from shared.tenants.configurations import Configurations
from shared.tenants.secret_names import own_prefix

_log = logging.getLogger(__name__)

PUBLISHERS_PROOF = EVENTS.publishers_proof


@dataclass(frozen=True)
class Senders:
    """Checks the proofs of channels and publishers.

    `lenient`: on the local host a sender needs no proof if its secret is not set there, or if it sends no token. A
    proof that is sent and can be checked must be right there too.
    """

    configurations: Configurations
    bot_connector: TrustedIssuer
    secrets: GrantedSecrets
    clock: Clock
    lenient: bool = False
    _told: set[str] = field(default_factory=set)
    """What the log has said. It says it once."""

    async def prove_channel(self, request: Request) -> None:
        """Pass if the channel that the address names proves itself.

        Raises Unauthorized, also for an unknown channel or tenant: a sender without proof must learn nothing.
        Raises AuthenticationUnavailable, and InvalidDocument if an authentic body cannot be read.
        """
        found = await self._channel(request)
        if found is None:
            if self.lenient:  # the handler answers which of them is unknown
                return
            raise Unauthorized("unknown_channel")
        configuration, account, channel = found
        match account.proof_of(channel):
            case TokenProof() as proof:
                await self._check_token(request, proof, configuration.app_ids(account))
            case SecretProof() as proof:
                sender = f"channel {account.id}/{channel.id} of {configuration.tenant_id}"
                if secrets := self._secrets(configuration.tenant_id, channel.secret_references, sender, proof):
                    proof.verify(request.received, secrets, self.clock.now())
            case NoProof():
                pass

    async def prove_publisher(self, request: Request) -> None:
        """Pass if the tenant's own secret signed the events. Raises Unauthorized, AuthenticationUnavailable."""
        tenant_id = request.address["tenantId"]
        configuration = await self._configuration(tenant_id)
        references = configuration.event_secrets if configuration else ()
        if secrets := self._secrets(tenant_id, references, f"a publisher of {tenant_id}", PUBLISHERS_PROOF):
            PUBLISHERS_PROOF.verify(request.received, secrets, self.clock.now())

    async def handshake(self, request: Request, requests_per_minute: int | None) -> Reply:
        """The answer to a vendor's question whether it may post here. Raises Unauthorized, AuthenticationUnavailable.

        What may be asked without a secret (OPTIONS) is answered alike at every address, so that nobody learns which
        tenants and channels exist.
        """
        if request.method == "OPTIONS" or "accountId" not in request.address:
            reply = EVENTS.handshake(request.received, Terms(requests_per_minute=requests_per_minute))
        else:
            reply = await self._channels_handshake(request)
        if reply is None:
            raise Unauthorized("no_handshake")
        return reply

    async def _channels_handshake(self, request: Request) -> Reply | None:
        found = await self._channel(request)
        if found is None:
            raise Unauthorized("unknown_channel")
        configuration, account, channel = found
        dialect = dialect_named(account.dialect)
        if "handshakeSecret" not in dialect.channel_members:
            return None
        sender = f"the handshake of channel {account.id}/{channel.id} of {configuration.tenant_id}"
        named = [channel.handshake_secret] if channel.handshake_secret else []
        secrets = self._secrets(configuration.tenant_id, named, sender)
        return dialect.handshake(request.received, Terms(secrets or None))

    async def _channel(self, request: Request) -> tuple[Configuration, Account, Channel] | None:
        """The channel that the address names, with its account and the configuration in force."""
        address = request.address
        configuration = await self._configuration(address["tenantId"])
        found = configuration.channel(address["accountId"], address["channelId"]) if configuration else None
        return (configuration, *found) if configuration and found else None

    async def _configuration(self, tenant_id: str) -> Configuration | None:
        try:
            return (await self.configurations.of(tenant_id)).at(self.clock.now()).configuration
        except UnknownTenant:
            return None

    def _secrets(
        self, tenant_id: str, references: Sequence[str], sender: str, proof: SecretProof | None = None
    ) -> list[str]:
        """The secrets that are set; perhaps none on the local host, where the sender is then let in.

        The log names those that its `proof` cannot use, and those that the tenant may not name. Raises
        AuthenticationUnavailable if none of those that are set can be used.
        """
        for reference in references:
            if not self.secrets.grants(tenant_id, reference):
                own = own_prefix(tenant_id)
                self._tell_once("%s may not name %s: its name has to begin with %s", sender, reference, own)
        # A line break that a file or a vault put behind a secret is no part of it.
        named = {reference: (self.secrets.value(tenant_id, reference) or "").strip() for reference in references}
        values = {reference: value for reference, value in named.items() if value}
        faults = {reference: proof.fault(value) if proof else None for reference, value in values.items()}
        for reference, fault in faults.items():
            if fault:
                self._tell_once("%s cannot prove itself by %s, which %s", sender, reference, fault)
        if usable := [value for reference, value in values.items() if not faults[reference]]:
            return usable
        if values:
            raise AuthenticationUnavailable
        missing = ", ".join(references) or "a secret"
        if not self.lenient:
            _log.warning("%s cannot prove itself: %s is not set", sender, missing)
            raise AuthenticationUnavailable if references else Unauthorized("authentication_not_configured")
        self._tell_once("%s is let in without proof, here on the local host: %s is not set", sender, missing)
        return []

    def _tell_once(self, text: str, *parts: str) -> None:
        if (told := text % parts) not in self._told:
            self._told.add(told)
            _log.warning(text, *parts)

    async def _check_token(self, request: Request, proof: TokenProof, app_ids: frozenset[str]) -> None:
        """Check the Bot Connector's token, and that it is for this request."""
        token = bearer_token(request.headers)
        if token is None:
            if self.lenient:
                return
            raise Unauthorized("credentials_missing" if app_ids else "authentication_not_configured")
        issuer, key = await self.bot_connector.key(key_id_of(token))
        claims = verified_claims(token, key, issuer, app_ids, self.clock.now())
        proof.check(request.received, claims, key.endorsements)


def is_signed(request: Request) -> bool:
    """True if the request brings a signature and no token."""
    return SIGNATURE_HEADER in request.headers and bearer_token(request.headers) is None
