"""A sender may ask whether it may post: it is answered the same wherever it asks, and is let in to nothing."""

from pathlib import Path

import httpx
import pytest

from tests.functions.hosts import EVENTS, WEB_CHAT, Host, hosted, problem

EVENT_GRID = {"WebHook-Request-Origin": "eventgrid.azure.net", "WebHook-Request-Rate": "120", "x-request-id": "r-1"}
ADDRESSES = (
    EVENTS,
    WEB_CHAT,
    "/api/tenants/contoso/channels/contoso-app/app",
    "/api/tenants/contoso/channels/gone/gone",
    "/api/tenants/nobody/events",
    "/api/tenants/nobody/channels/a/c",
)


def said(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, sorted(answer.headers.multi_items())


async def test_event_grid_may_post_wherever_it_asks_and_learns_nothing(tmp_path: Path) -> None:
    # given a closed host with a limit, and addresses of channels and tenants that exist, and that do not
    async with hosted(tmp_path, open_to_all=False, requests_per_second=2) as host:
        # when Event Grid asks each of them, then the answers are alike, and name the origin and the rate per minute
        answers = [await host.client.request("OPTIONS", path, headers=EVENT_GRID) for path in ADDRESSES]
        # and however often it asks, no tenant's requests are spent
        for _ in range(50):
            assert (await host.client.request("OPTIONS", EVENTS, headers=EVENT_GRID)).status_code == 200
    assert len({str(said(answer)) for answer in answers}) == 1
    assert answers[0].status_code == 200
    assert answers[0].headers["webhook-allowed-origin"] == "eventgrid.azure.net"
    assert answers[0].headers["webhook-allowed-rate"] == "120"
    assert answers[0].headers["allow"] == "POST"


async def test_without_a_limit_any_rate_is_allowed(host: Host) -> None:
    answer = await host.client.request("OPTIONS", EVENTS, headers={"WebHook-Request-Origin": "EventGrid.azure.net"})
    assert answer.headers["webhook-allowed-rate"] == "*"
    assert answer.headers["webhook-allowed-origin"] == "EventGrid.azure.net"


@pytest.mark.parametrize(
    ("headers", "fault"),
    [
        ({}, "credentials_missing"),
        ({"WebHook-Request-Origin": ""}, "credentials_missing"),
        ({"WebHook-Request-Origin": "evil.example"}, "origin_not_allowed"),
        ({"WebHook-Request-Origin": "eventgrid.azure.net.evil.example"}, "origin_not_allowed"),
        ({"WebHook-Request-Origin": "eventgrid.azure.net, evil.example"}, "origin_not_allowed"),
        ({"WebHook-Request-Origin": "*"}, "origin_not_allowed"),
        ({"Origin": "eventgrid.azure.net"}, "credentials_missing"),
    ],
)
async def test_no_other_origin_may(host: Host, headers: dict[str, str], fault: str) -> None:
    for path in ADDRESSES:
        answer = await host.client.request("OPTIONS", path, headers=headers)
        assert (answer.status_code, problem(answer)["fault"]) == (401, fault)
        assert "webhook-allowed-origin" not in answer.headers


async def test_a_dialect_without_a_handshake_answers_none(host: Host) -> None:
    # given channels whose vendors ask nothing, when somebody does, then it is told on the local host alone
    for account in ("contoso-chat/webchat", "contoso-telegram/telegram", "contoso-app/app"):
        answer = await host.client.get(f"/api/tenants/contoso/channels/{account}?hub.challenge=1")
        assert (answer.status_code, problem(answer)["fault"]) == (401, "no_handshake")


async def test_a_handshake_lets_nobody_in(tmp_path: Path) -> None:
    # given a sender that was told that it may post
    async with hosted(tmp_path, open_to_all=False) as host:
        await host.client.request("OPTIONS", EVENTS, headers=EVENT_GRID)
        # when it posts without a proof, then it is refused
        answer = await host.client.post(EVENTS, content=b"[]", headers={"Origin": "eventgrid.azure.net"})
        assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")
