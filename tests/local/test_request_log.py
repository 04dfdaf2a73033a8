"""One line per request on the local host: enough to find it again, and nothing that anybody wrote."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from local.http import application
from local.index import index
from local.request_log import RequestLog
from tests.functions.hosts import EVENTS, Host, hosted
from tests.local.test_host import CLOCK, served_by, started

LINE = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO requests \[(\S+)\]: (\w+) (\S+) (\d{3}|gone) \d+\.\d ms")


@dataclass(frozen=True)
class Logged:
    """A client of a host, and the lines that the host wrote."""

    client: httpx.AsyncClient
    log: RequestLog
    lines: list[str]

    def last(self) -> tuple[str, ...]:
        """The id, method, path and status of the only line since the last call."""
        self.log.flush()
        [line] = self.lines
        self.lines.clear()
        found = LINE.fullmatch(line)
        assert found, line
        return found.groups()


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield await running.configured("contoso")


@pytest.fixture
async def logged(host: Host) -> AsyncIterator[Logged]:
    lines: list[str] = []
    log = RequestLog(application(index(), host.clock), lines.append)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(log), base_url="http://localhost") as client:
        yield Logged(client, log, lines)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/health", 200),
        ("GET", "/api/tenants/contoso/usage/2026-10", 200),
        ("GET", "/api/tenants/nobody/conversations", 404),
        ("POST", "/api/tenants/contoso/events", 400),
        ("PUT", "/api/tenants/contoso/configuration", 400),
    ],
)
async def test_a_request_has_one_line_with_the_id_of_its_answer(
    logged: Logged, method: str, path: str, status: int
) -> None:
    answer = await logged.client.request(method, path)
    assert answer.status_code == status
    assert logged.last() == (answer.headers["x-request-id"], method, path, str(status))


@pytest.mark.parametrize("path", ["/", "/local/clock", "/favicon.ico", "/api/nothing"])
async def test_what_no_function_answers_has_a_line_too(logged: Logged, path: str) -> None:
    answer = await logged.client.get(path)
    assert logged.last() == ("-", "GET", path, str(answer.status_code))


async def test_no_line_has_a_body_a_query_a_header_or_a_name(logged: Logged) -> None:
    # given an event with a customer's name and words, and a query and headers with secrets
    customer = {"role": "customer", "id": "u-4711", "name": "Zoë Nováková"}
    event: dict[str, Any] = {
        "specversion": "1.0", "id": "m1", "source": "/app", "type": "message.posted", "tenantid": "contoso",
        "subject": "c1", "time": "2026-10-20T11:00:00Z", "data": {"author": customer, "text": "My card was stolen"},
    }  # fmt: skip
    headers = {"Authorization": "Bearer a-token", "Cookie": "a-cookie", "x-request-id": "mine-7"}
    await logged.client.post(f"{EVENTS}?code=a-function-key", json=event, headers=headers)
    logged.log.flush()
    [line] = logged.lines
    assert logged.last() == ("mine-7", "POST", EVENTS, "202")
    assert [word for word in ("Zoë", "4711", "stolen", "a-token", "a-cookie", "a-function-key") if word in line] == []


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        (b"/api/a%0Ab", "/api/a%0Ab"),
        (b"/api/a\nINFO forged\x1b[2J\x7f", r"/api/a\nINFO forged\x1b[2J\x7f"),
        (b"/api/\xc3\xa9", r"/api/\xc3\xa9"),
        (b"/api/" + b"x" * 100_000, "/api/" + "x" * 195 + "…"),
    ],
)
async def test_no_path_makes_a_second_line_or_a_long_one(raw: bytes, shown: str) -> None:
    lines: list[str] = []

    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    async def unused(*_: object) -> Any: ...

    log = RequestLog(refuse, lines.append)
    await log({"method": "GET", "raw_path": raw}, unused, unused)
    log.flush()
    assert len(lines) == 1
    assert f"GET {shown} 404 " in lines[0]


async def test_lines_of_a_moment_are_written_together_and_without_being_asked_for() -> None:
    # given a host that writes, and somebody who waits for what it writes
    written: asyncio.Queue[str] = asyncio.Queue()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def unused(*_: object) -> Any: ...

    log = RequestLog(answer, written.put_nowait)
    # when three requests come at once, then their lines come in one piece, in their order
    for number in range(3):
        await log({"method": "GET", "raw_path": b"/%d" % number}, unused, unused)
    assert [line.split()[6] for line in (await written.get()).splitlines()] == ["/0", "/1", "/2"]
    # and the next one's come, too
    await log({"method": "GET", "raw_path": b"/3"}, unused, unused)
    assert "GET /3 200 " in await written.get()


async def test_a_client_that_goes_away_leaves_a_line() -> None:
    lines: list[str] = []

    async def never(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()

    async def unused(*_: object) -> Any: ...

    log = RequestLog(never, lines.append)
    await log({"method": "POST", "raw_path": b"/api"}, unused, unused)
    log.flush()
    assert " POST /api gone " in lines[0]


def test_the_host_prints_the_lines_unless_it_is_told_to_be_quiet(tmp_path: Path) -> None:
    for number, quiet in enumerate(([], ["--quiet"])):
        line = [sys.executable, "-m", "local", "start", "--port", "0", "--clock", CLOCK, *quiet]
        with served_by(started([*line, "--database", str(tmp_path / f"{number}.db")])) as host:
            host.client.get("/api/tenants/nobody/usage?locale=de")
            assert host.end() == 0
            printed = host.process.communicate()[1].splitlines()
        paths = [LINE.fullmatch(each).group(3) for each in printed]  # type: ignore[union-attr]  # else the test fails
        assert paths == ([] if quiet else ["/api/health", "/api/tenants/nobody/usage"])
