"""The handshake with which a sender of CloudEvents asks whether it may post to an address, as Azure Event Grid does.

It is the abuse protection of "HTTP 1.1 Web Hooks for Event Delivery" (CloudEvents). It proves nothing and opens
nothing: whoever then posts must prove itself as always. So the answer is the same at every address.
"""

from shared.dialects.dialect import Terms
from shared.dialects.received import Received, Reply
from shared.errors import Unauthorized

ORIGINS = frozenset(("eventgrid.azure.net",))
"""The senders that may post as far as we are concerned. Nobody else can be told to post here."""


def allowance(received: Received, terms: Terms) -> Reply | None:
    """The permission for an origin that may post; None if the request does not ask for one. Raises Unauthorized."""
    if received.method != "OPTIONS":
        return None
    origin = received.headers.get("webhook-request-origin")
    if not origin:
        raise Unauthorized("credentials_missing")
    if origin.lower() not in ORIGINS:
        raise Unauthorized("origin_not_allowed")
    rate = "*" if terms.requests_per_minute is None else str(terms.requests_per_minute)
    return Reply(200, "", {"Allow": "POST", "WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": rate})
