"""What administrators do: put a tenant's configuration, read it back, and hear of every mistake by its path."""

import json
from datetime import timedelta
from typing import Any

import pytest

from tests.builders import EXAMPLES, document, small_document
from tests.functions.hosts import EVENTS, Host, paths, problem

SMALL = "/api/tenants/small/configuration"
CONTOSO = "/api/tenants/contoso/configuration"
YAML = (EXAMPLES / "contoso.yaml").read_text(encoding="utf-8")


async def put(host: Host, document: Any, **headers: str) -> tuple[dict[str, Any], str]:
    """What is answered to a configuration that must be taken, and the ETag."""
    answer = await host.client.put(SMALL, content=json.dumps(document), headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json"), answer.text
    taken: dict[str, Any] = answer.json()
    return taken, answer.headers["etag"]


async def test_a_first_configuration_creates_the_tenant_in_force_from_the_beginning(host: Host) -> None:
    # Given a tenant that nobody knows
    answer = await host.client.get(SMALL)
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")
    # When its configuration is put
    taken, etag = await put(host, small_document())
    # Then it is the first version, and comes back as it was written
    assert (taken["version"], etag) == (1, '"1"')
    assert taken["inForceFrom"].startswith("0001-01-01")
    answer = await host.client.get(SMALL)
    assert (answer.status_code, answer.headers["etag"]) == (200, '"1"')
    assert answer.json() == small_document()


async def test_a_changed_configuration_is_the_next_version_in_force_a_minute_later(host: Host) -> None:
    await put(host, small_document())
    taken, etag = await put(host, small_document(timeZone="Europe/Berlin"))
    assert (taken["version"], etag) == (2, '"2"')
    assert taken["inForceFrom"].startswith("2026-10-20T12:01:00")
    answer = await host.client.get(SMALL)
    assert (answer.json()["timeZone"], answer.headers["etag"]) == ("Europe/Berlin", '"2"')


async def test_the_same_configuration_again_is_the_same_version(host: Host) -> None:
    # Given contoso's configuration, put as YAML
    answer = await host.client.get(CONTOSO)
    # When what GET answers is put as JSON, then nothing is new
    again = await host.client.put(CONTOSO, content=answer.content)
    assert (again.status_code, again.json()["version"], again.headers["etag"]) == (200, 1, '"1"')


async def test_a_configuration_is_replaced_by_who_read_the_latest(host: Host) -> None:
    # Given two administrators who read version 1
    _, first = await put(host, small_document())
    await put(host, small_document(timeZone="Asia/Tokyo"), **{"If-Match": first})
    # When the second puts his, then he is told that it is not the latest any more
    late = json.dumps(small_document(timeZone="America/Lima"))
    answer = await host.client.put(SMALL, content=late, headers={"If-Match": first})
    assert (answer.status_code, problem(answer)["code"]) == (412, "version_conflict")
    assert "2" in answer.json()["detail"]
    assert (await host.client.get(SMALL)).json()["timeZone"] == "Asia/Tokyo"
    # and a tenant that is not there has no version to match
    answer = await host.client.put("/api/tenants/other/configuration", content=late, headers={"If-Match": '"1"'})
    assert answer.status_code in (400, 412)


@pytest.mark.parametrize("etag", ['"2"', "2", 'W/"2"', "*"])
async def test_an_etag_may_be_written_in_every_usual_way(host: Host, etag: str) -> None:
    await put(host, small_document())
    await put(host, small_document(timeZone="Asia/Tokyo"))
    taken, _ = await put(host, small_document(timeZone="America/Lima"), **{"If-Match": etag})
    assert taken["version"] == 3


@pytest.mark.parametrize("etag", ["", "latest", '"-1"', '"1.0"', "9" * 5000, '"1", "2"'])
async def test_an_etag_that_is_no_version_is_refused(host: Host, etag: str) -> None:
    await put(host, small_document())
    answer = await host.client.put(SMALL, content=json.dumps(small_document()), headers={"If-Match": etag})
    assert paths(answer) == ["If-Match"]


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (small_document(tenantId="other"), ["tenantId"]),
        (small_document(timeZone="Berlin", retentionDays=1), ["retentionDays", "timeZone"]),
        (small_document(licences=[{"product": "Chat", "quantity": -1, "from": "tomorrow"}, {"product": "Chat"}]),
         ["licences[0].from", "licences[0].quantity", "licences[1].from", "licences[1].quantity"]),
        (small_document(unknown=1, addons=[]), ["addons", "unknown"]),
        (small_document(defaultWorkStream="X"), ["defaultWorkStream"]),
        (small_document(queues=[{"id": "Q", "members": [{"bot": "b", "capacity": 1}]}, {"id": "Q"}]),
         ["queues[0].members[0].bot", "queues[1].id"]),
        (small_document(accounts=[{"id": "a", "dialect": "telegram", "channels": [{"id": "c", "workStream": "V"}]}]),
         ["accounts[0].channels[0].workStream"]),
        ([], [""]),
        (None, [""]),
        (7, [""]),
    ],
)  # fmt: skip
async def test_every_mistake_is_named_by_its_path(host: Host, wrong: Any, expected: list[str]) -> None:
    answer = await host.client.put(SMALL, content=json.dumps(wrong))
    assert paths(answer) == expected
    assert problem(answer)["code"] == "invalid_configuration"
    assert (await host.client.get(SMALL)).status_code == 404


@pytest.mark.parametrize("body", ["", "{", "a: [", "\ufeff", "- a", "hello", "&a [*a]"])
async def test_what_is_no_configuration_at_all_is_refused(host: Host, body: str) -> None:
    assert paths(await host.client.put(SMALL, content=body.encode())) == [""]


async def test_a_tenant_is_called_as_its_address_says(host: Host) -> None:
    for name in ("Small", "a%2Fb", "%01", "x" * 65, "%F0%9F%91%8B"):
        body = json.dumps(small_document(tenantId=name))
        answer = await host.client.put(f"/api/tenants/{name}/configuration", content=body)
        assert answer.status_code in (400, 404)


async def test_a_new_version_judges_what_happens_once_it_is_in_force(host: Host) -> None:
    # Given a version of contoso in which cards are loans, put at 12:00
    changed = YAML.replace("value: CreditCard}, queue: CreditCardQueue", "value: CreditCard}, queue: HomeLoanQueue")
    answer = await host.client.put(CONTOSO, content=changed)
    assert answer.json()["version"] == 2
    host.clock.advance(timedelta(minutes=10))
    # When conversations arrive that began before it was in force, and after
    channel = {"accountId": "contoso-app", "channelId": "app"}
    data = {"channel": channel, "customer": {"id": "u"}, "contextVariables": {"BotHandoffTopic": "CreditCard"}}
    times = {"before": "2026-10-20T12:00:59Z", "after": "2026-10-20T12:01:00Z"}
    await host.accepted(EVENTS, [document("conversation.started", data, name, at) for name, at in times.items()])
    await host.drain()
    # Then each is judged by the version of its time, and its decision names it
    for name, queue, version in (("before", "CreditCardQueue", 1), ("after", "HomeLoanQueue", 2)):
        (decision,) = (await host.shown(f"conversations/{name}/routing"))["decisions"]
        assert (decision["queue"], decision["configurationVersion"]) == (queue, version)


APP_ID = "7d0cae1c-0000-4000-8000-000000000001"


async def test_another_tenant_may_have_a_bot_of_the_same_app_id(host: Host) -> None:
    # given contoso, which has a bot with this app id
    document = small_document(bots=[{"id": "a", "name": "A", "appId": APP_ID}])
    # when another tenant registers one, then it may
    taken, _ = await put(host, document)
    assert taken["version"] == 1


async def test_a_mistake_that_has_a_code_is_answered_with_it(host: Host) -> None:
    # given two bots with one app id, written in two ways
    bots = [{"id": "a", "name": "A", "appId": APP_ID}, {"id": "b", "name": "B", "appId": APP_ID.upper()}]
    # when they are put, then the answer has Dynamics 365's code beside path and reason
    answer = await host.client.put(SMALL, json=small_document(bots=bots))
    assert problem(answer)["errors"] == [
        {"path": "bots[1].appId", "reason": f"{APP_ID!r} is used 2 times", "code": "1004 DuplicateBotAppId"}
    ]
