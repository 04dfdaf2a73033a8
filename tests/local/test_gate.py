"""What the local host lets in: programs, channels and its own pages; no other site's page, and no endless body."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Mapping
from pathlib import Path

import httpx
import pytest

from local.gate import OWN_NAMES, Gate
from local.http import application
from local.index import index
from tests.builders import EXAMPLES, document
from tests.functions.hosts import EVENTS, Host, hosted, problem
from tests.local.test_host import TIMEOUT, Process, running

PORT = 7071
MB = 1024 * 1024
START = document("conversation.started", {"channel": {"accountId": "contoso-app", "channelId": "app"},
                                          "customer": {"id": "u"}}, "c1", "2026-10-20T11:00:00Z")  # fmt: skip


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield await running.configured("contoso")


async def posted(to: Host, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await to.client.post(EVENTS, json=START, headers=named)


@pytest.mark.parametrize(
    "name", ["127.0.0.1", "localhost", "[::1]", "LOCALHOST", "127.0.0.1:7071", "localhost:1", "[::1]:7071"]
)
async def test_who_names_this_machine_comes_in(host: Host, name: str) -> None:
    assert (await posted(host, host=name)).status_code == 202


@pytest.mark.parametrize(
    "name",
    ["evil.test", "evil.test:7071", "localhost.evil.test", "127.0.0.1.evil.test", "127.0.0.1:7071:1", "", "::1",
     "0.0.0.0", "localhost:x", "127.0.0.1@evil.test", "evil.test\\127.0.0.1", "x" * 10_000],
)  # fmt: skip
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", EVENTS), ("GET", "/"), ("GET", "/api/health"), ("POST", "/local/clock"), ("POST", "/admin/functions/x")],
)
async def test_a_name_that_was_given_our_address_reads_and_changes_nothing(
    host: Host, name: str, method: str, path: str
) -> None:
    # Given a page of another name, which leads to 127.0.0.1 by now, when it asks for anything
    answer = await host.client.request(method, path, headers={"Host": name}, json=START)
    # Then it is refused, with the header that is why, and nothing was recorded
    found = problem(answer)
    assert (answer.status_code, found["code"]) == (403, "foreign_request")
    assert found["detail"].startswith("Host: ")
    assert len(found["detail"]) < 300
    assert host.pipeline.bus.backlog().active == 0


async def test_two_names_are_none(host: Host) -> None:
    headers = [("Host", "localhost"), ("Host", "evil.test")]
    answer = await host.client.post(EVENTS, json=START, headers=headers)
    assert problem(answer)["detail"].startswith("Host: ")


@pytest.mark.parametrize(
    "origin",
    ["https://evil.test", "null", "http://localhost:3000", "http://127.0.0.1", "file://", "http://localhost.evil"],
)
async def test_a_page_of_another_origin_posts_nothing(host: Host, origin: str) -> None:
    answer = await posted(host, origin=origin)
    assert answer.status_code == 403
    assert problem(answer)["detail"].startswith("Origin: ")
    assert host.pipeline.bus.backlog().active == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site", "anything"])
async def test_what_another_site_caused_is_refused(host: Host, site: str) -> None:
    for answer in (
        await posted(host, sec_fetch_site=site),
        await host.client.get("/", headers={"Sec-Fetch-Site": site}),
    ):
        assert answer.status_code == 403
        assert problem(answer)["detail"].startswith("Sec-Fetch-Site: ")
        assert answer.headers["x-request-id"] == problem(answer)["instance"].rpartition(":")[2]
        assert answer.headers["x-content-type-options"] == "nosniff"
    assert host.pipeline.bus.backlog().active == 0


@pytest.mark.parametrize(
    "headers",
    [{}, {"sec_fetch_site": "none"}, {"sec_fetch_site": "same-origin", "origin": "http://localhost"},
     {"host": "127.0.0.1:7071", "origin": "http://127.0.0.1:7071"}, {"host": "localhost:80", "origin": "http://LOCALHOST:80"}],
)  # fmt: skip
async def test_programs_channels_and_our_own_pages_come_in(host: Host, headers: Mapping[str, str]) -> None:
    assert (await posted(host, **headers)).status_code == 202


async def test_a_name_that_the_operator_gave_comes_in(host: Host) -> None:
    # Given a tunnel, through which a channel reaches this host by the tunnel's name
    app = Gate(application(index(), host.clock), OWN_NAMES | {"contoso.tunnel.test"})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://contoso.tunnel.test") as client:
        # When it is posted to, also by a page of that name, then it takes it
        assert (await client.post(EVENTS, json=START)).status_code == 202
        own = {"Origin": "https://contoso.tunnel.test"}
        assert (await client.post(EVENTS, json=START, headers=own)).status_code == 202
        assert (await client.post(EVENTS, json=START, headers={"Host": "evil.test"})).status_code == 403


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    names = ("--host-name", "Contoso.Tunnel.test", "--host-name", "other.test")
    with running(tmp_path_factory.mktemp("gate") / "patchbay.db", *names) as host:
        body = (EXAMPLES / "contoso.yaml").read_bytes()
        host.client.put("/api/tenants/contoso/configuration", content=body).raise_for_status()
        yield host


def connected(process: Process) -> socket.socket:
    return socket.create_connection(("127.0.0.1", process.client.base_url.port or 0), TIMEOUT)


def memory(process: Process) -> int:
    """The most memory that the process has had, in bytes."""
    status = Path(f"/proc/{process.process.pid}/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])


def test_the_names_are_given_at_the_start(process: Process) -> None:
    for name, status in (("contoso.tunnel.test", 200), ("OTHER.test:443", 200), ("third.test", 403)):
        assert process.client.get("/api/health", headers={"Host": name}).status_code == status


def _answer(connection: socket.socket) -> bytes:
    """What is answered; the other side closes the connection after it."""
    connection.settimeout(TIMEOUT)
    got = b""
    with contextlib.suppress(ConnectionResetError):
        while part := connection.recv(65536):
            got += part
    return got


def test_a_body_that_announces_600_mb_is_refused_before_it_comes(process: Process) -> None:
    # Given a request that announces 600 MB, of which nothing has come
    before = memory(process)
    with connected(process) as connection:
        connection.sendall(
            b"POST /api/tenants/contoso/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % (600 * MB)
        )
        # Then it is refused, and the connection ends
        answer = _answer(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'"code": "body_too_large"' in answer
    assert memory(process) - before < 16 * MB


@pytest.mark.parametrize("path", [b"/api/tenants/contoso/events", b"/local/clock", b"/nowhere"])
def test_a_body_without_end_is_refused_where_it_passes_the_limit(process: Process, path: bytes) -> None:
    # Given a body in chunks, when a program sends it as fast as it is taken
    before, sent, chunk = memory(process), 0, b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with connected(process) as connection:
        connection.sendall(b"POST %s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n" % path)
        with contextlib.suppress(ConnectionError):
            while sent < 600 * MB:
                connection.sendall(chunk)
                sent += 65536
        answer = _answer(connection)
    # Then it is refused long before its end, where there is a route that would read it with that
    assert sent < 64 * MB
    assert not answer or answer.startswith(b"HTTP/1.1 413 " if b"events" in path else b"HTTP/1.1 404 ")
    assert memory(process) - before < 32 * MB


async def test_the_refusal_of_a_body_that_comes_reaches_its_sender(process: Process) -> None:
    # Given clients that send 4 MB, as most do: all of it, and then they read
    async with httpx.AsyncClient(base_url=process.client.base_url, timeout=TIMEOUT) as client:
        answers = await asyncio.gather(*(client.post(EVENTS, content=b"x" * 4 * MB) for _ in range(8)))
    assert {problem(answer)["code"] for answer in answers} == {"body_too_large"}
