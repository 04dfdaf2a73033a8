"""PUT a tenant's configuration (JSON or YAML): it creates the tenant, or the next version, and answers its findings."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.tenants.history import version_named

blueprint = func.Blueprint()


@route(blueprint, "PUT", "tenants/{tenantId}/configuration")
async def put_configuration(req: func.HttpRequest) -> func.HttpResponse:
    expected = version_named(req.headers.get("If-Match"))
    version = await bootstrap.pipeline().configurations.put(req.route_params["tenantId"], req.get_body(), expected)
    findings = [finding.model_dump(by_alias=True) for finding in version.findings]
    document = {"version": version.number, "inForceFrom": version.judges_from.isoformat(), "findings": findings}
    return answer(document, headers={"ETag": f'"{version.number}"'})
