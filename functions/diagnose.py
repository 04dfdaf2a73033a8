"""POST any payload to get its diagnosis: the events that an ingress would make of it, findings and remedies."""

import azure.functions as func

from functions.http import answer, route
from shared import bootstrap
from shared.diagnosis import diagnose as doctor

blueprint = func.Blueprint()


@route(blueprint, "POST", "tenants/{tenantId}/diagnose", query=("account", "channel"))
async def diagnose(req: func.HttpRequest) -> func.HttpResponse:
    pipeline = bootstrap.pipeline()
    tenant_id = req.route_params["tenantId"]
    history = await pipeline.configurations.of(tenant_id)
    account_id, channel_id = req.params.get("account"), req.params.get("channel")
    body, now = req.get_body(), pipeline.clock.now()
    reading = pipeline.receiver.aside.reading
    diagnosis = await reading(tenant_id, body, doctor.diagnose, history, body, now, account_id, channel_id)
    return answer(diagnosis.model_dump(mode="json", by_alias=True))
