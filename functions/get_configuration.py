"""GET the tenant's latest configuration; its version is the ETag."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap

blueprint = func.Blueprint()


@route(blueprint, "GET", "tenants/{tenantId}/configuration")
async def get_configuration(req: func.HttpRequest) -> func.HttpResponse:
    latest = (await bootstrap.pipeline().configurations.of(req.route_params["tenantId"])).latest
    document = latest.configuration.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return answer(document, headers={"ETag": f'"{latest.number}"'})
