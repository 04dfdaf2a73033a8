"""Authenticates channels and publishers by the proofs that their tenant's configuration asks for."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.access.issuer import TrustedIssuer
from shared.access.request import Request
from shared.access.signature import SIGNATURE_HEADER, verify_secret_token, verify_signature
from shared.access.token import bearer_token, key_id_of, verified_claims
from shared.clock import Clock
from shared.dialects.payload import activity_set
from shared.errors import AuthenticationUnavailable, InvalidActivity, Unauthorized, UnknownTenant
from shared.tenants.configuration import Configuration
from shared.tenants.history import Configurations
from shared.wire import parse_json

_log = logging.getLogger(__name__)


class Secrets(Protocol):
    """The port to secrets."""

    def value(self, reference: str) -> str | None:
        """The secret that a configuration refers to as `env:NAME`; None if it is not set."""
        ...


@dataclass(frozen=True)
class Senders:
    """Checks the proofs of channels and publishers.

    `lenient`: on the local host a sender needs no proof if its secret is not set there, or if it sends no token. A
    proof that is sent and can be checked must be right there too.
    """

    configurations: Configurations
    bot_connector: TrustedIssuer
    secrets: Secrets
    clock: Clock
    lenient: bool = False
    _unproven: set[str] = field(default_factory=set)
    """The senders that were let in without proof. The log names each of them once."""

    async def prove_channel(self, request: Request) -> None:
        """Pass if the channel that the address names proves itself.

        Raises Unauthorized, also for an unknown channel or tenant: a sender without proof must learn nothing.
        Raises AuthenticationUnavailable, and InvalidActivity if an authentic body is no JSON.
        """
        address = request.address
        account_id, channel_id = address["accountId"], address["channelId"]
        configuration = await self._configuration(address["tenantId"])
        found = configuration.channel(account_id, channel_id) if configuration else None
        if configuration is None or found is None:
            if self.lenient:  # the handler answers which of them is unknown
                return
            raise Unauthorized("unknown_channel")
        account, channel = found
        sender = f"channel {account_id}/{channel_id} of {configuration.tenant_id}"
        match account.proof_of(channel):
            case "botFramework":
                await self._check_activities(request, configuration.app_ids(account))
            case "telegram":
                if secrets := self._secrets(channel.secret_references, sender):
                    verify_secret_token(request.headers, secrets)
            case "standardWebhooks":
                if secrets := self._secrets(channel.secret_references, sender):
                    verify_signature(request.headers, request.body, secrets, self.clock.now())
            case "none":
                pass

    async def prove_publisher(self, request: Request) -> None:
        """Pass if the tenant's own secret signed the events. Raises Unauthorized, AuthenticationUnavailable."""
        tenant_id = request.address["tenantId"]
        configuration = await self._configuration(tenant_id)
        references = configuration.event_secrets if configuration else ()
        if secrets := self._secrets(references, f"a publisher of {tenant_id}"):
            verify_signature(request.headers, request.body, secrets, self.clock.now())

    async def _configuration(self, tenant_id: str) -> Configuration | None:
        try:
            return (await self.configurations.of(tenant_id)).at(self.clock.now()).configuration
        except UnknownTenant:
            return None

    def _secrets(self, references: Sequence[str], sender: str) -> list[str]:
        """The secrets that are set; perhaps none on the local host, where the sender is then let in."""
        values = [value for reference in references if (value := self.secrets.value(reference))]
        if values:
            return values
        missing = ", ".join(references) or "a secret"
        if not self.lenient:
            _log.warning("%s cannot prove itself: %s is not set", sender, missing)
            raise AuthenticationUnavailable if references else Unauthorized("authentication_not_configured")
        if sender not in self._unproven:
            self._unproven.add(sender)
            _log.warning("%s is let in without proof, here on the local host: %s is not set", sender, missing)
        return []

    async def _check_activities(self, request: Request, app_ids: frozenset[str]) -> None:
        """Check the Bot Connector's token (Azure: "Authenticate requests from the Bot Connector service")."""
        token = bearer_token(request.headers)
        if token is None:
            if self.lenient:
                return
            raise Unauthorized("credentials_missing" if app_ids else "authentication_not_configured")
        issuer, key = await self.bot_connector.key(key_id_of(token))
        claims = verified_claims(token, key, issuer, app_ids, self.clock.now())
        for activity in _activities(parse_json(request.body, InvalidActivity)):
            service_url, channel_id = activity.get("serviceUrl"), activity.get("channelId")
            if not isinstance(service_url, str) or service_url != claims.get("serviceurl"):
                raise Unauthorized("service_url_wrong")
            if not isinstance(channel_id, str) or channel_id not in key.endorsements:
                raise Unauthorized("channel_not_endorsed")


def is_signed(request: Request) -> bool:
    """True if the request brings a signature and no token."""
    return SIGNATURE_HEADER in request.headers and bearer_token(request.headers) is None


def _activities(document: Any) -> list[dict[str, Any]]:
    """The activities of a body: the document itself, or the members of a set."""
    activities = activity_set(document)
    items = [document] if activities is None else [item for _, item in activities]
    return [item if isinstance(item, dict) else {} for item in items]
