"""GET the tenant's latest configuration; its version is the ETag."""

import azure.functions as func

from functions.http import answer, guarded
from shared import bootstrap

blueprint = func.Blueprint()


@blueprint.route("tenants/{tenantId}/configuration", methods=["GET"])
@guarded
async def get_configuration(req: func.HttpRequest) -> func.HttpResponse:
    latest = (await bootstrap.pipeline().configurations.of(req.route_params["tenantId"])).latest
    document = latest.configuration.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return answer(document, headers={"ETag": f'"{latest.number}"'})
