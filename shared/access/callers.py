"""Authenticates people and systems by their access tokens of Entra ID."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.access.issuer import TrustedIssuer
from shared.access.request import Request
from shared.access.route_permissions import Caller
from shared.access.token import bearer_token, key_id_of, verified_claims
from shared.clock import Clock
from shared.errors import Unauthorized

APP_SERVICE_HEADER = "x-ms-token-aad-access-token"
"""The header in which App Service authentication passes on the access token of the user who is signed in."""


@dataclass(frozen=True)
class Callers:
    """Authenticates callers with a token of `authority` for `audience`. Without both, every caller is unauthorized.

    `app_service`: App Service authentication stands before this app, so its header can be trusted.
    """

    authority: TrustedIssuer | None
    audience: str | None
    clock: Clock
    app_service: bool = False

    async def caller(self, request: Request) -> Caller:
        """The caller that the request's token names. Raises Unauthorized, AuthenticationUnavailable."""
        token = bearer_token(request.headers) or self._signed_in(request.headers)
        if self.authority is None or not self.audience:
            raise Unauthorized("authentication_not_configured")
        if not token:
            raise Unauthorized("credentials_missing")
        issuer, key = await self.authority.key(key_id_of(token))
        claims = verified_claims(token, key, issuer, [self.audience], self.clock.now())
        object_id, roles = claims.get("oid"), claims.get("roles")
        named = [role for role in roles if isinstance(role, str)] if isinstance(roles, list) else []
        return Caller(object_id if isinstance(object_id, str) else "", frozenset(named))

    def _signed_in(self, headers: Mapping[str, str]) -> str | None:
        """The token of the user who is signed in at App Service. Raises Unauthorized for a cross-site request."""
        token = headers.get(APP_SERVICE_HEADER) if self.app_service else None
        if token and headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Unauthorized("cross_site")
        return token
