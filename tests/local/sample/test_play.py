"""The player obeys a host that is asked too much."""

import httpx

from local.sample.play import Player
from local.sample.post import Post
from local.sample.schedule import Turn
from shared.events.envelope import parse_time

NOW = parse_time("2026-10-01T00:00:00Z")


def test_what_comes_too_soon_is_sent_again_until_it_is_taken() -> None:
    # Given a host that takes a post at the third time
    posted: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/local/clock":
            return httpx.Response(200, json={})
        if request.url.path == "/api/health":
            return httpx.Response(200, json={"bus": {"active": 0, "deadLetters": 0}})
        posted.append(request.content)
        if len(posted) < 3:
            return httpx.Response(429, headers={"Retry-After": "0"}, json={"code": "too_many_requests"})
        return httpx.Response(202, json={"rejected": []})

    with httpx.Client(transport=httpx.MockTransport(answer), base_url="http://localhost") as client:
        player = Player(client, NOW)
        # When it is played, then it is sent three times, and counts as no refusal
        player.play(
            [Turn(NOW, (Post("/api/tenants/contoso/events", "application/json", b"body", NOW),))], lambda _: None
        )
    assert posted == [b"body"] * 3
    assert not player.refused
