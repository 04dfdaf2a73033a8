"""GET a page of a conversation's lines, for the customer or for agents, as JSON or as text (text/plain)."""

from urllib.parse import urlencode

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.conversations.reading import lines_named
from shared.conversations.transcript import audience_named
from shared.conversations.transcript_text import text_of

blueprint = func.Blueprint()


@route(
    blueprint, "GET", "tenants/{tenantId}/conversations/{key}/transcript", query=("audience", "limit", "continuation")
)
async def get_transcript(req: func.HttpRequest) -> func.HttpResponse:
    address, limit = req.route_params, lines_named(req.params)
    audience = audience_named(req.params.get("audience", "customer"))
    page = await bootstrap.pipeline().conversations.transcript(
        address["tenantId"], address["key"], audience, req.params.get("continuation"), limit
    )
    following = {**req.params, "continuation": page.continuation}
    headers = {"Link": f'<?{urlencode(following)}>; rel="next"'} if page.continuation else {}
    if "text/plain" in req.headers.get("Accept", ""):
        text = "".join(text_of(entry) for entry in page.entries)
        return func.HttpResponse(text, headers=headers, mimetype="text/plain")
    entries = [entry.model_dump(mode="json", by_alias=True) for entry in page.entries]
    return answer({"entries": entries, "continuation": page.continuation}, headers=headers)
