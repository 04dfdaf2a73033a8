"""The use case before every HTTP function: decides whether a request is authorized."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.access.callers import Callers
from shared.access.rate import RateLimit
from shared.access.request import Request, refuse_body
from shared.access.route_permissions import ROUTE_PERMISSIONS, RoutePermission, check_role
from shared.access.senders import Senders, is_signed
from shared.dialects.received import Reply
from shared.errors import Forbidden, Unauthorized


@dataclass(frozen=True)
class Access:
    """Authorizes requests by the table of route permissions.

    `open_to_all`: people and systems need no token (on the local host only). `grants`: the tenants of each caller, by
    its object id in lower case.
    """

    callers: Callers
    senders: Senders
    limits: RateLimit
    grants: Mapping[str, frozenset[str]]
    open_to_all: bool = False

    async def authorize(self, function: str, request: Request) -> str | None:
        """Pass if the request may go on to this function. Returns the tenant that its caller was let in to, if any.

        Raises BodyTooLarge, LengthRequired, BodyEncoded, Unauthorized, Forbidden, UnknownTenant,
        AuthenticationUnavailable, TooManyRequests, and InvalidDocument for what no proof can vouch for.
        """
        refuse_body(request)
        permission = ROUTE_PERMISSIONS.get(function)
        if permission is None:
            raise Forbidden("of any kind, because no role opens this route")
        await self._authorize(permission, request)
        # Whoever asks in a handshake was let in to nothing. A request that is refused counts towards no tenant's rate.
        tenant_id = None if permission.proof == "handshake" else request.address.get("tenantId")
        if tenant_id is not None:
            brings_events = permission.proof in ("channel", "publisher")
            self.limits.spend(tenant_id, len(request.body), brings_events=brings_events)
        return tenant_id

    def admit_events(self, tenant_id: str, count: int) -> None:
        """Count the events of a request that was let in. Raises TooManyRequests."""
        self.limits.spend_events(tenant_id, count)

    async def handshake(self, request: Request) -> Reply:
        """The answer to a vendor's question whether it may post to this address.

        Raises Unauthorized, AuthenticationUnavailable.
        """
        return await self.senders.handshake(request, self.limits.per_minute)

    async def _authorize(self, permission: RoutePermission, request: Request) -> None:
        by_sender = permission.proof in ("channel", "handshake") or (
            permission.proof == "publisher" and is_signed(request)
        )
        if by_sender:
            await self._prove(permission, request)
        elif permission.role and not self.open_to_all:
            caller = await self.callers.caller(request)
            check_role(caller, permission.role, request.address["tenantId"], self.grants)

    async def _prove(self, permission: RoutePermission, request: Request) -> None:
        try:
            match permission.proof:
                case "channel":
                    await self.senders.prove_channel(request)
                case "handshake":
                    await self.handshake(request)
                case _:
                    await self.senders.prove_publisher(request)
        except Unauthorized as refusal:
            # An unproven caller must not learn which channels a tenant has, and how they prove themselves.
            raise Unauthorized(refusal.fault, disclosed=self.open_to_all) from refusal
