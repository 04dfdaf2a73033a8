"""Who may call which route: the table of openings, and nobody else; and what every answer carries."""

import asyncio
import json
import logging
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NoReturn, get_args

import httpx
import pytest

from local.index import index
from shared import bootstrap
from shared.access.route_permissions import OPERATOR, ROUTE_PERMISSIONS, Role
from shared.events.envelope import parse_time
from shared.tenants.configurations import Configurations
from shared.wire import replace
from tests.access.issuers import SERVICE_URL, FakeIssuer, serving
from tests.access.test_signature import headers
from tests.builders import EXAMPLES, document, message_document
from tests.fakes import MemoryConfigurations
from tests.functions.hosts import EVENTS, NOW, WEB_CHAT, AccessTo, Host, activity, example, hosted, problem
from tests.seeds import SIGNING_SECRET, TELEGRAM_SECRET

ROUTES = {
    function.name: (str(getattr(method, "value", method)), str(function.trigger["route"]))
    for function in index()
    if function.kind == "httpTrigger"
    for method in function.trigger["methods"]
}
ENTRA = "https://login.microsoftonline.com/directory/v2.0"
AUDIENCE = "patchbay-api"
MIA, OLE = "0a000000-0000-4000-8000-00000000000a", "0b000000-0000-4000-8000-00000000000b"
ROLES: list[list[str]] = [
    [],
    *[[role] for role in get_args(Role)],
    [OPERATOR],
    *[[role, OPERATOR] for role in get_args(Role)],
    list(get_args(Role)),
    ["events.publish", "Configuration.Read ", "Owner"],
]
REFUSALS = ("unauthorized", "forbidden", "unknown_tenant")


class Directory(FakeIssuer):
    """Entra ID: access tokens of people and systems."""

    def access_token(self, roles: Any, oid: Any = MIA, **claims: Any) -> str:
        usual = {"aud": AUDIENCE, "roles": roles, "oid": oid, "serviceurl": None}
        return self.token(parse_time(NOW), **{**usual, **claims})


@asynccontextmanager
async def serving_directory() -> AsyncIterator[tuple[Directory, str]]:
    """The directory, and its address."""
    issuer = Directory(name=ENTRA, endorsements=())
    async with serving(issuer) as address:
        yield issuer, address.removesuffix("/.well-known/openid-configuration")


@asynccontextmanager
async def closed_host(
    folder: Path, directory: tuple[Directory, str], access_to: AccessTo = bootstrap.access_to
) -> AsyncIterator[tuple[Host, Directory]]:
    """A host outside the local one; Mia has contoso, and contoso and fabrikam are configured."""
    issuer, authority = directory
    settings: dict[str, Any] = {"authority": authority, "audience": AUDIENCE, "grants": {MIA.upper(): ["contoso"]}}
    async with hosted(folder, open_to_all=False, access_to=access_to, **settings) as host:
        for tenant in ("contoso", "fabrikam"):
            await host.add(replace(example(tenant), event_secrets=(f"env:PATCHBAY_SECRET_{tenant.upper()}_EVENTS",)))
        yield host, issuer


@pytest.fixture
async def directory() -> AsyncIterator[tuple[Directory, str]]:
    async with serving_directory() as served:
        yield served


@pytest.fixture
async def closed(
    tmp_path: Path, directory: tuple[Directory, str], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Host, Directory]]:
    monkeypatch.setenv("PATCHBAY_SECRET_CONTOSO_EVENTS", SIGNING_SECRET)
    async with closed_host(tmp_path, directory) as host:
        yield host


async def ask(host: Host, function: str, tenant: str, token: str | None = None, **sent: str) -> httpx.Response:
    """A request to the route of this function; its id is always the same, so that answers can be compared."""
    method, route = ROUTES[function]
    address = re.sub(r"\{\w+\}", "2026-10", route.replace("{tenantId}", tenant))
    given = {"x-request-id": "one-for-all", **({"Authorization": f"Bearer {token}"} if token else {}), **sent}
    return await host.client.request(method, f"/api/{address}", content=b"{}", headers=given)


def refused(answer: httpx.Response) -> str | None:
    """The code of a refusal by the ingress; None where the request came in, whatever became of it."""
    code = problem(answer)["code"] if answer.status_code >= 400 else None
    return code if code in REFUSALS else None


def told(answer: httpx.Response, tenant: str) -> tuple[int, str, list[tuple[str, str]]]:
    """All that an answer tells, but for the name of the tenant that the caller wrote itself."""
    text = answer.text.replace(repr(tenant), "TENANT")
    return answer.status_code, text, sorted((n, v) for n, v in answer.headers.multi_items() if n != "content-length")


def test_the_table_has_every_route_and_no_other() -> None:
    # given every HTTP function of the app
    # when they are looked for in the table, then each is there, with something that opens it
    assert set(ROUTES) == set(ROUTE_PERMISSIONS)
    assert all(one.role or one.proof or one.to_everybody for one in ROUTE_PERMISSIONS.values())
    assert [name for name, one in ROUTE_PERMISSIONS.items() if one.to_everybody] == ["health"]


@pytest.mark.parametrize("function", sorted(ROUTES))
async def test_every_route_is_opened_by_its_role_for_the_callers_tenants_only(
    closed: tuple[Host, Directory], function: str
) -> None:
    # given tokens with every role, with none, and with all, and a tenant of the caller's, one of others, and none
    host, issuer = closed
    opening = ROUTE_PERMISSIONS[function]
    for roles in ROLES:
        token = issuer.access_token(roles)
        answers = {tenant: await ask(host, function, tenant, token) for tenant in ("contoso", "fabrikam", "nobody")}
        # when they come to the route, then the answer is the table's
        said = {tenant: refused(answer) for tenant, answer in answers.items()}
        if opening.to_everybody:
            assert set(said.values()) == {None}
        elif opening.role is None:
            assert set(said.values()) == {"unauthorized"}
        elif opening.role not in roles:
            assert set(said.values()) == {"forbidden"}
        elif OPERATOR in roles:
            assert (said["contoso"], said["fabrikam"]) == (None, None)
        else:
            assert said == {"contoso": None, "fabrikam": "unknown_tenant", "nobody": "unknown_tenant"}
        # and the tenants of others answer like one that there is not
        if OPERATOR not in roles:
            assert told(answers["fabrikam"], "fabrikam") == told(answers["nobody"], "nobody")


@pytest.mark.parametrize("function", sorted(set(ROUTES) - {"health"}))
async def test_without_a_token_no_route_is_open_and_none_tells_which_tenants_there_are(
    closed: tuple[Host, Directory], function: str
) -> None:
    host, issuer = closed
    for token in (
        None,
        "x",
        issuer.access_token(list(get_args(Role)), aud="another-api"),
        issuer.token(parse_time(NOW)),
    ):
        answers = [await ask(host, function, tenant, token) for tenant in ("contoso", "fabrikam", "nobody")]
        assert {refused(answer) for answer in answers} == {"unauthorized"}
        assert {answer.headers["www-authenticate"] for answer in answers} == {"Bearer"}
        assert len({answer.content for answer in answers}) == 1


async def test_what_is_refused_has_no_effect(closed: tuple[Host, Directory]) -> None:
    host, issuer = closed
    everything = issuer.access_token(list(get_args(Role)))
    body = (b'{"tenantId": "new", "defaultWorkStream": "W", "queues": [{"id": "Q"}],'
            b' "workStreams": [{"id": "W", "mode": "push", "fallbackQueue": "Q"}]}')  # fmt: skip
    bearer = {"Authorization": f"Bearer {everything}"}
    for given in ({}, bearer):
        await host.client.put("/api/tenants/new/configuration", content=body, headers=given)
        await host.client.post("/api/tenants/fabrikam/events", content=b"[]", headers=given)
        await host.client.post(WEB_CHAT, json=activity(), headers=given)
    assert await host.pipeline.configurations.tenants() == ["contoso", "fabrikam"]
    assert host.pipeline.bus.backlog().active == 0


@pytest.mark.parametrize(
    "claims",
    [
        {"oid": OLE}, {"oid": None}, {"oid": [MIA]}, {"oid": ""},
        {"oid": OLE, "azp": MIA, "appid": MIA, "sub": MIA, "tenants": ["contoso"]},
    ],
)  # fmt: skip
async def test_a_tenant_is_granted_to_an_object_id_and_to_nothing_else(
    closed: tuple[Host, Directory], claims: dict[str, Any]
) -> None:
    host, issuer = closed
    answer = await ask(host, "get_configuration", "contoso", issuer.access_token(["Configuration.Read"], **claims))
    assert refused(answer) == "unknown_tenant"


@pytest.mark.parametrize("roles", ["Configuration.Read", {"Configuration.Read": 1}, [["Configuration.Read"]], None, 7])
async def test_roles_that_are_no_list_are_no_roles(closed: tuple[Host, Directory], roles: Any) -> None:
    host, issuer = closed
    assert refused(await ask(host, "get_configuration", "contoso", issuer.access_token(roles))) == "forbidden"


async def test_a_token_that_expired_says_so(closed: tuple[Host, Directory]) -> None:
    # given a caller whose token is over
    host, issuer = closed
    old = issuer.access_token(["Usage.Read"], exp=int(parse_time(NOW).timestamp()) - 301)
    # when it calls, then it is told what to mend, because that says nothing about tenants
    said = problem(await ask(host, "get_usage", "contoso", old))
    assert (said["code"], said["fault"]) == ("unauthorized", "token_expired")
    assert problem(await ask(host, "get_usage", "contoso"))["fault"] == "credentials_missing"


async def test_while_the_directory_is_down_nobody_is_let_in(closed: tuple[Host, Directory]) -> None:
    host, issuer = closed
    issuer.down = True
    answer = await ask(host, "get_usage", "contoso", issuer.access_token(["Usage.Read", OPERATOR]))
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "10")
    assert answer.json()["code"] == "authentication_unavailable"


async def test_where_access_is_not_configured_nobody_is_let_in(tmp_path: Path) -> None:
    async with hosted(tmp_path, open_to_all=False) as host:
        said = problem(await ask(host, "get_usage", "contoso", "e30.e30.e30"))
    assert (said["status"], said["fault"]) == (401, "authentication_not_configured")


async def test_app_services_token_counts_only_where_app_service_stands_before_the_app(
    tmp_path: Path, directory: tuple[Directory, str]
) -> None:
    # given whoever is signed in at App Service, and its header
    issuer, authority = directory
    settings: dict[str, Any] = {"authority": authority, "audience": AUDIENCE}
    signed_in = {"x-ms-token-aad-access-token": issuer.access_token(["Configuration.Read", OPERATOR])}
    said = {}
    for on in (False, True):
        folder = tmp_path / str(on)
        folder.mkdir()
        async with hosted(folder, open_to_all=False, app_service_authentication=on, **settings) as host:
            await host.pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
            # when a page asks, or another site does in its name, or the header is made up
            said[on] = [
                refused(await ask(host, "get_configuration", "contoso", **{**signed_in, **more}))
                for more in (
                    {},
                    {"sec-fetch-site": "same-origin"},
                    {"sec-fetch-site": "cross-site"},
                    {"x-ms-token-aad-access-token": "made-up"},
                )
            ]
    # then the page is let in, where the setting says that App Service is there
    assert said[False] == ["unauthorized"] * 4
    assert said[True] == [None, None, "unauthorized", "unauthorized"]


@pytest.mark.parametrize(
    ("app_service", "sent", "said"),
    [
        (True, {}, 'href="/.auth/login/aad?post_login_redirect_uri=/api/tenants/contoso/usage/2026-10%3Fx%3D1"'),
        (False, {}, "for people who are signed in.</p>"),
        (
            True,
            {"x-ms-token-aad-access-token": "a.b.c", "sec-fetch-site": "cross-site"},
            '<a href="">Open this page</a>',
        ),
    ],
)
async def test_a_browser_that_is_not_let_in_is_led_to_where_it_will_be(
    tmp_path: Path, directory: tuple[Directory, str], app_service: bool, sent: dict[str, str], said: str
) -> None:
    # given a browser that is not signed in, or comes from another site, such as the sign-in
    settings: dict[str, Any] = {"authority": directory[1], "audience": AUDIENCE}
    async with hosted(tmp_path, open_to_all=False, app_service_authentication=app_service, **settings) as host:
        answer = await host.client.get(
            "/api/tenants/contoso/usage/2026-10?x=1", headers={"Accept": "text/html,*/*;q=0.8", **sent}
        )
    # then a page says how to go on, and only there a link to the sign-in stands where there is one
    assert (answer.status_code, answer.headers["content-type"]) == (401, "text/html; charset=utf-8")
    assert said in answer.text
    assert ("/.auth/" in answer.text) == ("/.auth/" in said)


async def test_what_app_service_says_without_a_token_counts_nowhere(
    tmp_path: Path, directory: tuple[Directory, str]
) -> None:
    principal = "eyJjbGFpbXMiOlt7InR5cCI6InJvbGVzIiwidmFsIjoiT3BlcmF0b3IifV19"
    async with hosted(tmp_path, open_to_all=False, authority=directory[1], audience=AUDIENCE) as host:
        answer = await ask(host, "get_configuration", "contoso", **{"x-ms-client-principal": principal})
    assert refused(answer) == "unauthorized"


async def test_events_are_opened_by_a_signature_of_the_tenant(closed: tuple[Host, Directory]) -> None:
    # given an event that contoso's bot has signed
    host, issuer = closed
    body = json.dumps(message_document(time="2026-10-20T11:00:00Z")).encode()
    right = headers(body=body)
    # when it is posted, then it is accepted
    answer = await host.client.post(EVENTS, content=body, headers=right)
    assert (answer.status_code, answer.json()["accepted"]) == (202, ["m1"])
    # when it is changed, or sent to others, or its tenant's secret is not set, then it is not
    changed = await host.client.post(EVENTS, content=body.replace(b"Hello", b"Hullo"), headers=right)
    nobody = await host.client.post("/api/tenants/nobody/events", content=body, headers=right)
    assert [problem(one)["code"] for one in (changed, nobody)] == ["unauthorized"] * 2
    assert "fault" not in changed.json()
    theirs = await host.client.post("/api/tenants/fabrikam/events", content=body, headers=right)
    assert (theirs.status_code, theirs.json()["code"]) == (503, "authentication_unavailable")
    # and with a token, the role counts
    both = right | {"Authorization": f"Bearer {issuer.access_token(['Usage.Read'])}"}
    assert refused(await host.client.post(EVENTS, content=body, headers=both)) == "forbidden"


async def test_a_webhook_is_opened_by_its_channels_proof(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    await check_a_webhook_is_opened_by_its_channels_proof(tmp_path, monkeypatch, bootstrap.access_to)


async def check_a_webhook_is_opened_by_its_channels_proof(
    folder: Path, monkeypatch: pytest.MonkeyPatch, access_to: AccessTo
) -> None:
    # given the Bot Connector, and Telegram's secret
    monkeypatch.setenv("PATCHBAY_SECRET_CONTOSO_TELEGRAM", TELEGRAM_SECRET)
    issuer = FakeIssuer()
    async with (
        serving(issuer) as metadata,
        hosted(folder, open_to_all=False, access_to=access_to, bot_metadata=metadata) as host,
    ):
        await host.pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
        bearer = {"Authorization": f"Bearer {issuer.token(parse_time(NOW))}"}
        update = {"update_id": 1, "message": {"message_id": 2, "date": 1792494000, "chat": {"id": 3}, "text": "x"}}
        telegram = WEB_CHAT.replace("contoso-chat/webchat", "contoso-telegram/telegram")
        secret = {"X-Telegram-Bot-Api-Secret-Token": TELEGRAM_SECRET}
        # when both post with their proofs, then they are let in
        assert activity()["serviceUrl"] == SERVICE_URL
        assert (await host.client.post(WEB_CHAT, json=activity(), headers=bearer)).status_code == 202
        assert (await host.client.post(telegram, json=update, headers=secret)).status_code == 202
        # when each brings the other's, then it is told no more than for a channel that there is not
        answers = [
            await host.client.post(path, json=update, headers={**proof, "x-request-id": "one-for-all"})
            for path in (telegram, WEB_CHAT, WEB_CHAT.replace("webchat", "x"), WEB_CHAT.replace("contoso/", "x/"))
            for proof in ({}, bearer if path == telegram else secret)
        ]
    assert {refused(answer) for answer in answers} == {"unauthorized"}
    assert len({answer.content for answer in answers}) == 1


async def test_no_answer_is_kept_by_a_shared_cache_or_guessed_at_by_a_browser(host: Host) -> None:
    # given resources, a page, a health check, and what is not there
    tenant = "/api/tenants/contoso"
    there = (f"{tenant}/configuration", f"{tenant}/conversations", f"{tenant}/usage?format=html", "/api/health")
    for path, status in (*((path, 200) for path in there), (f"{tenant}/conversations/never-was/transcript", 404)):
        # when they are asked for, then each answer says so
        answer = await host.client.get(path)
        assert answer.status_code == status, path
        assert answer.headers["cache-control"] == "private, no-cache", path
        assert answer.headers["x-content-type-options"] == "nosniff", path


async def test_every_answer_carries_the_requests_id(host: Host) -> None:
    # given a caller with an id of its own, one with a trace, and one with neither
    trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    for sent, expected in (({"x-request-id": "mine-1"}, "mine-1"), ({"traceparent": trace}, trace[3:35])):
        # when it is answered, then the answer has it, and a problem document too
        assert (await host.client.get("/api/health", headers=sent)).headers["x-request-id"] == expected
        answer = await host.client.get("/api/tenants/nobody/configuration", headers=sent)
        assert answer.headers["x-request-id"] == expected
        assert problem(answer)["instance"] == f"urn:patchbay:request:{expected}"
    ids = {(await host.client.get("/api/health")).headers["x-request-id"] for _ in range(5)}
    assert len(ids) == 5


@pytest.mark.parametrize("function", sorted(name for name, (method, _) in ROUTES.items() if method in ("POST", "PUT")))
async def test_a_body_over_a_megabyte_is_refused_at_every_ingress(host: Host, function: str) -> None:
    # given more than an ingress takes, from whomever
    method, route = ROUTES[function]
    address = re.sub(r"\{\w+\}", "x", route.replace("{tenantId}", "contoso"))
    answer = await host.client.request(method, f"/api/{address}", content=b" " * (1024 * 1024 + 1))
    # then it is refused by its size
    assert (answer.status_code, problem(answer)["code"]) == (413, "body_too_large")
    # and one of a megabyte is looked at
    answer = await host.client.request(method, f"/api/{address}", content=b" " * (1024 * 1024))
    assert answer.json().get("code") != "body_too_large"


async def test_a_tenant_that_asks_too_much_is_told_when_to_come_back(tmp_path: Path) -> None:
    # given a limit of one request in ten seconds, with one in advance
    async with hosted(tmp_path, requests_per_second=0.1) as host:
        await host.pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
        first, second = [await host.client.get("/api/tenants/contoso/configuration") for _ in range(2)]
        # then the second is refused, and another tenant, and health, are not
        assert first.status_code == 200
        assert (problem(second)["code"], problem(second)["status"]) == ("too_many_requests", 429)
        assert 1 <= int(second.headers["retry-after"]) <= 10
        assert (await host.client.get("/api/tenants/nobody/configuration")).status_code == 404
        assert [(await host.client.get("/api/health")).status_code for _ in range(3)] == [200] * 3


def lines(count: int, name: str) -> list[dict[str, Any]]:
    data = {"author": {"role": "customer", "id": "u"}, "text": "x"}
    return [document("message.posted", data, name, "2026-10-20T11:00:00Z", event_id=f"{n}") for n in range(count)]


async def test_a_tenant_that_sends_too_many_events_is_told_when_to_come_back(tmp_path: Path) -> None:
    # given a limit of ten events a second, and a hundred in advance
    async with hosted(tmp_path, events_per_second=10) as host:
        await host.configured("contoso", "fabrikam")
        # when a tenant posts twenty bodies of two hundred events, all at once
        batches = [lines(200, f"c{number}") for number in range(20)]
        answers = await asyncio.gather(*(host.client.post(EVENTS, json=batch) for batch in batches))
        # then one is taken, as a whole, and the others are refused with the time to wait
        assert sorted(answer.status_code for answer in answers) == [202] + [429] * 19
        refused = [answer for answer in answers if answer.status_code == 429]
        assert {problem(answer)["code"] for answer in refused} == {"too_many_requests"}
        assert {answer.headers["retry-after"] for answer in refused} <= {"8", "9", "10"}
        assert host.pipeline.bus.backlog().active == 200
        # and its channels are refused too, and the other tenant's are not
        assert (await host.client.post(WEB_CHAT, json=activity())).status_code == 429
        assert (await host.client.post(EVENTS.replace("contoso", "fabrikam"), json=[])).status_code != 429


async def test_a_tenant_that_sends_too_many_bytes_is_told_when_to_come_back(tmp_path: Path) -> None:
    async with hosted(tmp_path, bytes_per_second=100_000) as host:
        await host.configured("contoso")
        sent = [await host.client.post(EVENTS, content=b" " * 600_000) for _ in range(5)]
        assert [answer.status_code for answer in sent] == [400, 400, 429, 429, 429]


async def test_a_tenant_with_a_deep_backlog_is_told_when_to_come_back_although_there_is_no_other_limit(
    tmp_path: Path,
) -> None:
    # given a bus on which more of a tenant waits than is handled in ten seconds
    async with hosted(tmp_path) as host:
        await host.configured("contoso", "fabrikam")
        await host.pipeline.bus.send([("message.posted", f"{n}", b"") for n in range(100_000)], "contoso")
        # when it posts more, then it is refused; what it asks for is answered, and so is another tenant
        answer = await host.client.post(EVENTS, json=lines(1, "c1"))
        assert problem(answer)["code"] == "too_many_requests"
        assert int(answer.headers["retry-after"]) >= 1
        assert (await host.client.get("/api/tenants/contoso/conversations")).status_code == 200
        assert (await host.client.post(EVENTS.replace("contoso", "fabrikam"), json=[])).status_code != 429


async def test_whoever_is_refused_costs_a_tenant_nothing(tmp_path: Path) -> None:
    async with hosted(tmp_path, open_to_all=False, requests_per_second=0.1) as host:
        said = [refused(await ask(host, "get_configuration", "contoso")) for _ in range(5)]
    assert said == ["unauthorized"] * 5


async def test_an_error_that_nobody_foresaw_is_answered_and_its_words_are_not_logged(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    # given a store that fails with a customer's words
    words = "My card was stolen"

    class Failing(MemoryConfigurations):
        async def history(self, tenant_id: str) -> NoReturn:
            raise RuntimeError(words)

    configurations = Configurations(Failing(), host.clock)
    bootstrap.provide(replace(host.pipeline, configurations=configurations))
    # when a request meets it
    answer = await host.client.get("/api/tenants/contoso/configuration", headers={"x-request-id": "r-7"})
    # then it has an answer with its id, and the log says where it happened, and nothing of what was said
    assert (answer.status_code, answer.json()["code"]) == (500, "unexpected")
    assert answer.json()["instance"] == "urn:patchbay:request:r-7"
    [record] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert vars(record)["request_id"] == "r-7"
    assert "RuntimeError" in record.getMessage()
    assert words not in caplog.text
