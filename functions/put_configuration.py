"""PUT a tenant's configuration (JSON or YAML): it creates the tenant, or the next version, and answers its findings."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.tenants.history import version_named

blueprint = func.Blueprint()


@route(blueprint, "PUT", "tenants/{tenantId}/configuration")
async def put_configuration(req: func.HttpRequest) -> func.HttpResponse:
    expected = version_named(req.headers.get("If-Match"))
    configurations, tenant_id, body = bootstrap.pipeline().configurations, req.route_params["tenantId"], req.get_body()
    version = await configurations.put(tenant_id, body, expected)
    findings = [one.shown(place) for one, place in await configurations.findings(tenant_id, version, body)]
    document = {"version": version.number, "inForceFrom": version.judges_from.isoformat(), "findings": findings}
    return answer(document, headers={"ETag": f'"{version.number}"'})
