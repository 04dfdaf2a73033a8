"""Query parameters: each route knows those that the README lists, and refuses every other one by its name."""

import re
from pathlib import Path

import pytest

from shared.dialects.registry import HANDSHAKE_PARAMETERS
from tests.documents import CODE, ROOT, coded_rows
from tests.functions.hosts import Host, hosted, paths, problem

ADDRESS = {
    "tenantId": "contoso", "accountId": "contoso-chat", "channelId": "webchat", "key": "c1", "sha256": "0" * 64,
    "yyyy-mm": "2026-10", "id": "1",
}  # fmt: skip


HANDSHAKE = {"WebHook-Request-Origin": "eventgrid.azure.net"}
"""The header with which a handshake proves itself."""


def routes() -> list[tuple[str, str, list[str]]]:
    """Method, path and query parameters of each route."""
    found = []
    for row in coded_rows((ROOT / "README.md").read_text(encoding="utf-8")):
        route = CODE.findall(row[0])[0]
        if not route.startswith(("GET", "POST", "PUT", "OPTIONS")):
            continue
        methods, address = route.rsplit(" ", 1)
        path, _, query = address.partition("?")
        known = [name.removesuffix("=") for name in query.split("&") if name]
        if methods == "GET, OPTIONS":
            # A GET that is no vendor's question is not let in at all.
            methods, known = "OPTIONS", [*HANDSHAKE_PARAMETERS]
        found += [(method, path, known) for method in methods.split(", ")]
    return found


def address_of(path: str) -> str:
    return "/api/" + re.sub(r"{([^}]+)}", lambda name: ADDRESS[name[1]], path)


def test_every_route_is_here() -> None:
    assert len(routes()) == 20


@pytest.mark.parametrize(("method", "path", "known"), routes(), ids=lambda value: str(value)[:60])
async def test_an_unknown_parameter_is_refused_by_name_and_those_that_there_are_are_named(
    host: Host, method: str, path: str, known: list[str]
) -> None:
    # Given a parameter that the route does not know, and a function key beside it
    query = "nonsense=1&code=key&clientId=default"
    # When the route is asked
    answer = await host.client.request(method, f"{address_of(path)}?{query}", headers=HANDSHAKE)
    # Then it is refused by its name, and the answer lists those that the README lists
    assert (answer.status_code, problem(answer)["code"]) == (400, "unknown_parameter")
    [refused] = problem(answer)["errors"]
    assert refused["path"] == "nonsense"
    listed = refused["reason"].rpartition("there are ")[2]
    assert sorted(listed.split(", ")) == sorted(known or ["none here"])


@pytest.mark.parametrize(
    ("query", "code", "named", "reason"),
    [
        ("audiense=agent", "unknown_parameter", ["audiense"], "is no parameter; did you mean 'audience'?"),
        ("Limit=5", "unknown_parameter", ["Limit"], "is no parameter; did you mean 'limit'?"),
        ("b=&a", "unknown_parameter", ["a", "b"], "is no parameter; there are audience, limit, continuation"),
        ("limit=1&limit=2", "invalid_request", ["limit"], "stands there more than once"),
        ("audience=agent&audience=agent", "invalid_request", ["audience"], "stands there more than once"),
        ("code=1&code=2", "invalid_request", ["code"], "stands there more than once"),
        ("audience=&limit=5", "invalid_request", ["audience"], "is empty"),
        ("limit", "invalid_request", ["limit"], "is empty"),
    ],
)
async def test_a_parameter_that_is_nearly_one_or_stands_there_twice_or_is_empty_is_refused(
    host: Host, query: str, code: str, named: list[str], reason: str
) -> None:
    answer = await host.client.get(f"/api/tenants/contoso/conversations/c1/transcript?{query}")
    assert (answer.status_code, problem(answer)["code"], paths(answer)) == (400, code, named)
    assert problem(answer)["errors"][0]["reason"].startswith(reason)


async def test_an_empty_continuation_asks_for_the_first_page_and_a_key_may_be_empty(host: Host) -> None:
    answer = await host.client.get("/api/tenants/contoso/conversations?continuation=&code=&sort=started")
    assert (answer.status_code, answer.json()["continuation"]) == (200, None)


async def test_who_is_not_let_in_learns_nothing_of_parameters(tmp_path: Path) -> None:
    # Given a host that asks for tokens
    async with hosted(tmp_path, open_to_all=False) as closed:
        answer = await closed.client.get("/api/tenants/contoso/conversations?nonsense=1")
    # Then a caller without one is told so, and not which parameters there are
    assert answer.status_code == 401
