"""Who opens which route: one table, and what it means for a caller. Pure."""

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
class Opening:
    """What opens a route: one role, or a proof of the sender's own, or nothing (`to_everybody`).

    `proof`: `channel` as the channel is configured; `publisher` by a signature of the tenant's.
    """

    role: Role | None = None
    proof: Literal["channel", "publisher"] | None = None
    to_everybody: bool = False


OPENINGS: Mapping[str, Opening] = {
    "receive_activity": Opening(proof="channel"),
    "publish_events": Opening("Events.Publish", "publisher"),
    "list_conversations": Opening("Conversations.Read"),
    "get_conversation": Opening("Conversations.Read"),
    "get_transcript": Opening("Conversations.Read"),
    "get_attachment": Opening("Conversations.Read"),
    "get_routing": Opening("Conversations.Read"),
    "list_usage": Opening("Usage.Read"),
    "get_usage": Opening("Usage.Read"),
    "list_sessions": Opening("Usage.Read"),
    "get_configuration": Opening("Configuration.Read"),
    "diagnose": Opening("Configuration.Read"),
    "put_configuration": Opening("Configuration.Write"),
    "list_parked": Opening("Parked.Replay"),
    "replay_parked": Opening("Parked.Replay"),
    "health": Opening(to_everybody=True),
}
"""By the name of the function that serves the route. A route that is missing here is open to nobody."""


@dataclass(frozen=True)
class Caller:
    """A person or a system: its object id in Entra ID, and the app roles that its token names."""

    id: str
    roles: frozenset[str]


def admit(caller: Caller, role: Role, tenant_id: str, grants: Mapping[str, frozenset[str]]) -> None:
    """Pass if the caller has the role, and has it for this tenant.

    `grants`: the tenants of each caller, by its id in lower case. Raises Forbidden, and UnknownTenant for a tenant of
    others, so that it answers like one that does not exist.
    """
    if role not in caller.roles:
        raise Forbidden(role)
    if OPERATOR not in caller.roles and tenant_id not in grants.get(caller.id.lower(), frozenset()):
        raise UnknownTenant(tenant_id)
