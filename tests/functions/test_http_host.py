"""The routes answer requests that are written in odd ways as they do behind the Functions host; on any host."""

import json
from collections.abc import AsyncIterator

import pytest

from tests.builders import message_document
from tests.functions.hosts import EVENTS, Host, problem

USAGE = "/api/tenants/contoso/usage/2026-10"


@pytest.mark.parametrize("path", ["/api/health/", "/api/Health", "/API/HEALTH/"])
async def test_a_slash_at_the_end_and_the_case_of_a_path_do_not_matter(host: Host, path: str) -> None:
    answer = await host.client.get(path)
    assert (answer.status_code, answer.json()["status"]) == (200, "healthy")


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/api/health"), ("POST", "/api/health"), ("DELETE", USAGE), ("GET", "/api/nothing")]
)
async def test_a_method_that_no_route_takes_is_not_found(host: Host, method: str, path: str) -> None:
    answer = await host.client.request(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("name", ["%FF", "a%2Fb", "é", "a b"])
async def test_a_tenant_is_named_as_the_address_has_it(host: Host, name: str) -> None:
    answer = await host.client.get(f"/api/tenants/{name}/configuration")
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")
    assert f"'{name}'" in problem(answer)["detail"]


async def test_an_address_with_a_null_is_refused(host: Host) -> None:
    answer = await host.client.get("/api/tenants/%00/configuration")
    assert (answer.status_code, answer.content) == (400, b"")


async def test_an_empty_value_of_a_query_is_none(host: Host) -> None:
    answer = await host.client.get("/api/tenants/contoso/usage?continuation=&format=json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


async def test_a_body_without_a_length_is_asked_for_with_its_length(host: Host) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield json.dumps(message_document()).encode()

    refused = await host.client.post(EVENTS, content=pieces())
    assert (refused.status_code, problem(refused)["code"]) == (411, "length_required")
