"""The use case at every door: may this request come in?"""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.access.people import People
from shared.access.rate import RateLimit
from shared.access.request import Request, refuse_body
from shared.access.route_permissions import OPENINGS, Opening, admit
from shared.access.senders import Senders, is_signed
from shared.errors import Forbidden, Unauthorized


@dataclass(frozen=True)
class Access:
    """Lets in whom the table of openings says.

    `open_to_all`: people and systems need no token (on the local host only). `grants`: the tenants of each caller, by
    its object id in lower case.
    """

    people: People
    senders: Senders
    limits: RateLimit
    grants: Mapping[str, frozenset[str]]
    open_to_all: bool = False

    async def let_in(self, function: str, request: Request) -> None:
        """Pass if the request may go on to this function.

        Raises BodyTooLarge, LengthRequired, BodyEncoded, Unauthorized, Forbidden, UnknownTenant,
        AuthenticationUnavailable and TooManyRequests.
        """
        refuse_body(request)
        opening = OPENINGS.get(function)
        if opening is None:
            raise Forbidden("of any kind, because no role opens this route")
        await self._open(opening, request)
        # Whoever is refused costs a tenant nothing of what it may ask.
        if "tenantId" in request.address:
            self.limits.spend(request.address["tenantId"])

    async def _open(self, opening: Opening, request: Request) -> None:
        by_sender = opening.proof == "channel" or (opening.proof == "publisher" and is_signed(request))
        if by_sender:
            await self._prove(opening, request)
        elif opening.role and not self.open_to_all:
            caller = await self.people.caller(request)
            admit(caller, opening.role, request.address["tenantId"], self.grants)

    async def _prove(self, opening: Opening, request: Request) -> None:
        prove = self.senders.prove_channel if opening.proof == "channel" else self.senders.prove_publisher
        try:
            await prove(request)
        except Unauthorized as refusal:
            # Which of a tenant's channels there are, and how they prove themselves, is nobody else's business.
            raise Unauthorized(refusal.fault, told=self.open_to_all) from refusal
