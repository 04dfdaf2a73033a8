"""Which callers may use which route: one table, and its check for a caller. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from shared.errors import Forbidden, UnknownTenant

Role = Literal[
    "Events.Publish", "Conversations.Read", "Usage.Read", "Configuration.Read", "Configuration.Write", "Parked.Replay"
]
"""The app roles of Entra ID that open routes."""

OPERATOR = "Operator"
"""The app role with which a caller's other roles hold for every tenant; it opens no route by itself."""


@dataclass(frozen=True)
class RoutePermission:
    """What opens a route: a role, a sender's proof, either of them, or nothing (`to_everybody`).

    `proof`: `channel` is the proof that the channel is configured for; `publisher` is a signature of the tenant's;
    `handshake` is what a vendor brings that asks whether it may post here, and opens nothing but the answer.
    """

    role: Role | None = None
    proof: Literal["channel", "publisher", "handshake"] | None = None
    to_everybody: bool = False


ROUTE_PERMISSIONS: Mapping[str, RoutePermission] = {
    "receive_activity": RoutePermission(proof="channel"),
    "answer_handshake": RoutePermission(proof="handshake"),
    "publish_events": RoutePermission("Events.Publish", "publisher"),
    "answer_events_handshake": RoutePermission(proof="handshake"),
    "list_conversations": RoutePermission("Conversations.Read"),
    "find_conversations": RoutePermission("Conversations.Read"),
    "find_customer": RoutePermission("Conversations.Read"),
    "get_conversation": RoutePermission("Conversations.Read"),
    "get_transcript": RoutePermission("Conversations.Read"),
    "get_attachment": RoutePermission("Conversations.Read"),
    "get_routing": RoutePermission("Conversations.Read"),
    "list_usage": RoutePermission("Usage.Read"),
    "get_usage": RoutePermission("Usage.Read"),
    "list_sessions": RoutePermission("Usage.Read"),
    "get_configuration": RoutePermission("Configuration.Read"),
    "diagnose": RoutePermission("Configuration.Read"),
    "put_configuration": RoutePermission("Configuration.Write"),
    "list_parked": RoutePermission("Parked.Replay"),
    "replay_parked": RoutePermission("Parked.Replay"),
    "health": RoutePermission(to_everybody=True),
}
"""The permission by the name of the function that serves the route. A function without one is closed to everybody."""


@dataclass(frozen=True)
class Caller:
    """A person or a system: its object id in Entra ID, and the app roles that its token names."""

    id: str
    roles: frozenset[str]


def check_role(caller: Caller, role: Role, tenant_id: str, grants: Mapping[str, frozenset[str]]) -> None:
    """Pass if the caller has the role, and has it for this tenant.

    `grants`: the tenants of each caller, by its id in lower case. Raises Forbidden without the role. Raises
    UnknownTenant without a grant, so that another customer's tenant looks as if it did not exist.
    """
    if role not in caller.roles:
        raise Forbidden(role)
    if OPERATOR not in caller.roles and tenant_id not in grants.get(caller.id.lower(), frozenset()):
        raise UnknownTenant(tenant_id)
