"""Requests and answers pass as they were seen to pass through the Functions host."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from local.http_functions import HttpFunctions

OK = {"status_code": "200", "headers": {}, "body": b""}


@dataclass(frozen=True)
class Recording:
    """A worker that keeps what it was asked, and returns one answer, or fails."""

    answer: Mapping[str, Any] | None = field(default_factory=lambda: OK)
    asked: list[Mapping[str, Any]] = field(default_factory=list)

    async def run(self, name: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        self.asked.append(members)
        if self.answer is None:
            raise RuntimeError(name)
        headers = {name: SimpleNamespace(value=value) for name, value in self.answer["headers"].items()}
        data = {name: SimpleNamespace(value=self.answer[name]) for name in ("status_code", "body")}
        return {**data, "headers": headers}

    async def answered(self, method: str, path: str, **members: Any) -> httpx.Response:
        """Ask for a path of the only function: GET `/api/{one}/to/{other}`."""
        function = SimpleNamespace(name="f", trigger={"route": "{one}/to/{other}", "methods": ["GET", "POST"]})
        transport = httpx.ASGITransport(HttpFunctions([function], self.run))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            return await client.request(method, path, **members)

    async def parameters(self, path: str) -> Any:
        assert (await self.answered("GET", path)).status_code == 200
        return self.asked[-1]["params"]


@pytest.mark.parametrize(
    ("path", "one"),
    [("%20%c3%A9", " é"), ("a%2Fb%2fc", "a%2Fb%2fc"), ("%FF", "%FF"), ("%C3(%E2%82%AC%ED%A0%80", "%C3(€%ED%A0%80"),
     ("%252F", "%2F"), ("a+b%", "a+b%"), ("%0A", "\n")],
)  # fmt: skip
async def test_a_path_is_decoded_but_for_slashes_and_what_is_no_utf8(path: str, one: str) -> None:
    assert await Recording().parameters(f"/api/{path}/to/x") == {"one": one, "other": "x"}


@pytest.mark.parametrize("path", ["/api/x/to/y/", "/API/x/TO/y"])
async def test_a_slash_at_the_end_and_the_case_of_a_path_do_not_matter(path: str) -> None:
    assert await Recording().parameters(path) == {"one": "x", "other": "y"}


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/api/x/to/y"), ("PUT", "/api/x/to/y"), ("OPTIONS", "/api/x/to/y"), ("GET", "/api/x/to"), ("GET", "/"),
     ("GET", "/api/x/to/y//"), ("GET", "/api/x/to/"), ("GET", "/x/to/y")],
)  # fmt: skip
async def test_what_no_route_serves_is_not_found(method: str, path: str) -> None:
    answer = await Recording().answered(method, path)
    assert (answer.status_code, answer.content) == (404, b"")


@pytest.mark.parametrize("path", ["/api/%00/to/y", "/api/x/to/y%00", "/%00"])
async def test_a_path_with_a_null_is_refused(path: str) -> None:
    answer = await Recording().answered("GET", path)
    assert (answer.status_code, answer.content) == (400, b"")


@pytest.mark.parametrize(
    ("query", "values"),
    [("y=%E2%82%AC&Y=2", {"Y": "€,2"}), ("a=1&a=&a=3", {"a": "1,3"}), ("a=&b", {}), ("a=1&A=2&a=3", {"A": "1,2,3"}),
     ("a=b%26c+d", {"a": "b&c d"}), ("", {})],
)  # fmt: skip
async def test_values_of_a_query_are_joined_whatever_the_case_of_their_name(query: str, values: Any) -> None:
    worker = Recording()
    await worker.answered("GET", f"/api/x/to/y?{query}")
    assert worker.asked[0]["query"] == values


async def test_headers_come_in_lower_case_and_joined() -> None:
    worker = Recording()
    await worker.answered("GET", "/api/x/to/y", headers=[("X-One", "1"), ("x-one", "2"), ("X-Empty", "")])
    assert worker.asked[0]["headers"].items() >= {"x-one": "1,2", "x-empty": ""}.items()


async def test_a_request_has_its_method_address_and_body() -> None:
    worker = Recording()
    await worker.answered("POST", "/api/a%20b/to/y?c=d%20e", content=b"\xff")
    asked = worker.asked[0]
    assert (asked["method"], asked["body"]) == ("POST", b"\xff")
    assert asked["url"] == "http://localhost/api/a%20b/to/y?c=d%20e"


async def test_a_body_in_chunks_is_lost() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"lost"

    worker = Recording()
    assert (await worker.answered("POST", "/api/x/to/y", content=pieces())).status_code == 200
    assert worker.asked[0]["body"] == b""


async def test_an_answer_passes_with_status_headers_and_body() -> None:
    answer = await Recording({"status_code": "418", "headers": {"x-one": "a\tb ~"}, "body": b"\xff"}).answered(
        "GET", "/api/x/to/y"
    )
    assert (answer.status_code, answer.headers["x-one"], answer.content) == (418, "a\tb ~", b"\xff")


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\n", "\r", "é", "日", "\x00", "\x7f"])
async def test_an_answer_with_a_header_that_cannot_be_sent_is_an_empty_500(value: str) -> None:
    answer = await Recording({**OK, "headers": {"x-one": value}, "body": b"body"}).answered("GET", "/api/x/to/y")
    assert (answer.status_code, answer.content, "x-one" in answer.headers) == (500, b"", False)


async def test_a_function_that_fails_is_an_empty_500() -> None:
    answer = await Recording(None).answered("GET", "/api/x/to/y")
    assert (answer.status_code, answer.content) == (500, b"")


async def test_of_routes_of_one_length_that_of_method_and_path_is_taken() -> None:
    # Given routes that differ in their method, their length or a word
    routes = [("a", "GET", "x/{id}"), ("b", "PUT", "x/{id}"), ("c", "GET", "y/{id}"), ("d", "GET", "x/{id}/z")]
    functions = [SimpleNamespace(name=name, trigger={"route": to, "methods": [verb]}) for name, verb, to in routes]
    taken: list[str] = []

    async def run(name: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        taken.append(name)
        return await Recording().run(name, members)

    transport = httpx.ASGITransport(HttpFunctions(functions, run))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        # When each is asked for, then it answers
        for method, path in [("GET", "x/1/"), ("PUT", "x/1"), ("GET", "Y/1"), ("GET", "x/1/z"), ("PUT", "y/1")]:
            await client.request(method, f"/api/{path}")
    assert taken == ["a", "b", "c", "d"]


async def test_a_client_that_goes_away_before_its_body_ended_is_answered_nothing() -> None:
    worker = Recording()
    function = SimpleNamespace(name="f", trigger={"route": "x", "methods": ["POST"]})
    # Given a request of which a part comes, and then no more
    parts = iter([{"type": "http.request", "body": b"a", "more_body": True}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(parts)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "raw_path": b"/api/x", "headers": []}
    await HttpFunctions([function], worker.run)(scope, receive, send)
    # Then no function runs
    assert (worker.asked, sent) == ([], [])
