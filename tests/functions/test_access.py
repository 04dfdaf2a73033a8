"""Outside the local host no route answers a caller whom nobody vouched for."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local.index import index
from tests.functions.hosts import Host, hosted, problem

ROUTES = [
    (str(getattr(method, "value", method)), str(function.trigger["route"]))
    for function in index()
    if function.kind == "httpTrigger"
    for method in function.trigger["methods"]
]


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[Host]:
    """A host that lets nobody in, with a tenant that was configured while it was open."""
    async with hosted(tmp_path) as host:
        await host.configured("contoso")
    async with hosted(tmp_path, open_to_all=False) as host:
        yield host


def test_every_route_is_known_here() -> None:
    assert len(ROUTES) >= 10


@pytest.mark.parametrize(("method", "route"), ROUTES)
async def test_every_route_asks_who_is_calling(closed: Host, method: str, route: str) -> None:
    # When somebody calls it, about a tenant that is known or one that is not
    answers = []
    for tenant in ("contoso", "nobody"):
        address = re.sub(r"\{\w+\}", "2026-10", route.replace("{tenantId}", tenant))
        answer = await closed.client.request(method, f"/api/{address}", content=b"{}")
        # Then the answer is that of a problem document
        assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")
        answers.append((answer.content, sorted(answer.headers.multi_items())))
    # and it does not tell which tenants there are
    assert answers[0] == answers[1]


async def test_what_is_refused_has_no_effect(closed: Host) -> None:
    before = await closed.pipeline.configurations.tenants()
    body = (b'{"tenantId": "new", "defaultWorkStream": "W", "queues": [{"id": "Q"}],'
            b' "workStreams": [{"id": "W", "mode": "push", "fallbackQueue": "Q"}]}')  # fmt: skip
    await closed.client.put("/api/tenants/new/configuration", content=body)
    await closed.client.post("/api/tenants/contoso/events", content=b"[]")
    assert await closed.pipeline.configurations.tenants() == before == ["contoso"]
    assert closed.pipeline.bus.backlog().active == 0
