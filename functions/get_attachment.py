"""GET an attachment that was too large for its event, as a file to download."""

from urllib.parse import quote

import azure.functions as func

from functions.http import route
from shared import bootstrap

blueprint = func.Blueprint()

# The sender of the file chose its type, so no browser may display or run it.
_SAFE = {"Content-Security-Policy": "sandbox; default-src 'none'"}


@route(blueprint, "GET", "tenants/{tenantId}/conversations/{key}/attachments/{sha256}")
async def get_attachment(req: func.HttpRequest) -> func.HttpResponse:
    address = req.route_params
    file = await bootstrap.pipeline().conversations.attachment(address["tenantId"], address["key"], address["sha256"])
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{quote(file.name[:200], safe='')}", **_SAFE}
    return func.HttpResponse(file.content, headers=headers, mimetype=file.content_type)
