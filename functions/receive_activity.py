"""POST a channel's native payload. Its events are published to the bus."""

import logging

import azure.functions as func

from functions.http import current_request, replied, route
from shared import bootstrap
from shared.dialects.payload import mistakes_of
from shared.events.conversation_key import conversation_key

blueprint = func.Blueprint()
_log = logging.getLogger(__name__)


@route(blueprint, "POST", "tenants/{tenantId}/channels/{accountId}/{channelId}")
async def receive_activity(req: func.HttpRequest) -> func.HttpResponse:
    request = current_request()
    address = request.address
    receiver, admit = bootstrap.pipeline().receiver, bootstrap.access().admit_events
    receipt = await receiver.receive_activity(
        address["tenantId"], address["accountId"], address["channelId"], request.body, request.headers, admit
    )
    if receipt.rejected:
        # The sender may not read the answer: it takes a set for delivered if the set was acknowledged.
        codes = ", ".join(sorted({one.reason.code for one in receipt.rejected}))
        place = f"{address['tenantId']}/{address['accountId']}/{address['channelId']}"
        _log.warning("%s: rejected of a set: %d (%s)", place, len(receipt.rejected), codes)
    resolved = receipt.conversation_id
    document = {
        "conversation": {"conversationId": resolved, "key": conversation_key(resolved)} if resolved else None,
        "accepted": list(receipt.accepted),
        "ignored": [note.shown() for note in receipt.ignored],
        "rejected": mistakes_of(receipt.rejected),
    }
    return replied(receipt.dialect.acknowledge(request.received, document))
