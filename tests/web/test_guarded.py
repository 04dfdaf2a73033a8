"""What leaves goes to public addresses only, once, without redirections, and what comes back is bounded."""

import asyncio
import gzip
import logging
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from aiohttp.abc import AbstractResolver, ResolveResult

from shared.outgoing import (
    MOST_ANSWER_BYTES,
    AddressRefused,
    NoAnswer,
    NotConnected,
    OutgoingHttp,
    OutgoingRequest,
)
from shared.web.guarded import GuardedHttp

SECRET = "bot12345:AAHsecret"  # nobody's


@dataclass
class Names(AbstractResolver):
    """A resolver that knows some names; each has, asked again, the next of its lists of addresses."""

    known: dict[str, list[list[str]]]
    asked: list[str] = field(default_factory=list)

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        self.asked.append(host)
        lists = self.known[host]
        addresses = lists.pop(0) if len(lists) > 1 else lists[0]
        return [
            ResolveResult(
                hostname=host,
                host=one,
                port=port,
                family=socket.AF_INET6 if ":" in one else socket.AF_INET,
                proto=0,
                flags=socket.AI_NUMERICHOST,
            )
            for one in addresses
        ]

    async def close(self) -> None:
        """It has nothing open."""


@pytest.fixture
def connected(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The addresses that sockets were told to connect to. None of them is: no packet leaves."""
    tried: list[object] = []

    def refuse(_: socket.socket, address: object) -> None:
        tried.append(address)
        raise ConnectionRefusedError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    return tried


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "168.63.129.16",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[fe80::1%25eth0]",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "127.1",
        "１２７.０.０.１",  # noqa: RUF001  # full-width digits
        "localhost",
        "user@127.0.0.1",
    ],
)
async def test_no_spelling_of_an_address_that_is_not_public_is_connected_to(host: str, connected: list[object]) -> None:
    resolver = Names({"localhost": [["127.0.0.1"]], "0x7f000001": [["127.0.0.1"]]})
    async with GuardedHttp(resolver=resolver) as http:
        with pytest.raises((AddressRefused, NotConnected)):
            await http.send(OutgoingRequest("POST", f"https://{host}/api/messages"))
    assert connected == []


@pytest.mark.parametrize("host", ["a" * 70 + ".example", "a..example", ".example"])
async def test_a_host_that_can_be_no_name_is_refused(host: str, connected: list[object]) -> None:
    # Given the system's own resolver, which cannot even ask for such a name
    async with GuardedHttp() as http:
        with pytest.raises(AddressRefused, match="its host can be no name"):
            await http.send(OutgoingRequest("GET", f"https://{host}/"))
    assert connected == []


async def test_a_public_address_is_connected_to(connected: list[object]) -> None:
    # Then what the tests above see is the guard, and not that nothing is ever connected to
    async with GuardedHttp(resolver=Names({"bot.contoso.com": [["20.50.2.1"]]})) as http:
        for host in ("bot.contoso.com", "20.50.2.1"):
            with pytest.raises(NotConnected):
                await http.send(OutgoingRequest("POST", f"https://{host}/"))
    assert connected == [("20.50.2.1", 443), ("20.50.2.1", 443)]


async def test_a_name_with_one_address_that_is_not_public_is_refused_as_a_whole(connected: list[object]) -> None:
    async with GuardedHttp(resolver=Names({"two.example": [["20.50.2.1", "10.0.0.1"]]})) as http:
        with pytest.raises(AddressRefused):
            await http.send(OutgoingRequest("GET", "https://two.example/"))
    assert connected == []


async def test_a_name_that_changes_leads_nowhere_else(connected: list[object]) -> None:
    # Given a name that is public when it is asked for first, and this machine's own afterwards
    names = Names({"rebind.example": [["20.50.2.1"], ["127.0.0.1"]]})
    async with GuardedHttp(resolver=names) as http:
        for _ in range(3):
            with pytest.raises((NotConnected, AddressRefused)):
                await http.send(OutgoingRequest("GET", "https://rebind.example/"))
    # Then only the public one was ever connected to
    assert set(connected) == {("20.50.2.1", 443)}


@dataclass
class Server:
    """A server on this machine, with the requests that it got."""

    base: str
    requests: list[web.Request]


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    requests: list[web.Request] = []
    never = asyncio.Event()

    async def answer(request: web.Request) -> web.StreamResponse:
        requests.append(request)
        match request.path.removeprefix(f"/{SECRET}"):
            case "/elsewhere":
                return web.Response(status=307, headers={"Location": "/"})
            case "/large":
                return web.Response(body=b"x" * (2 * MOST_ANSWER_BYTES))
            case "/inflated":
                packed = gzip.compress(b"x" * 10 * MOST_ANSWER_BYTES)
                return web.Response(body=packed, headers={"Content-Encoding": "gzip"})
            case "/cookie":
                return web.Response(headers={"Set-Cookie": "a=b", "Retry-After": "7"})
            case "/silent":
                await never.wait()
            case "/cut":
                assert request.transport
                request.transport.abort()
        return web.Response(text=await request.text(), status=418)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield Server(f"http://127.0.0.1:{runner.addresses[0][1]}", requests)
    never.set()
    await runner.cleanup()


async def test_a_request_is_sent_once_as_it_is_and_any_status_is_an_answer(server: Server) -> None:
    async with GuardedHttp(loopback=True) as http:
        sender: OutgoingHttp = http
        request = OutgoingRequest("POST", f"{server.base}/a%2Fb?c=d", {"X-One": "1"}, b"hello")
        answer = await sender.send(request)
        # Then the status is told, and the headers' names are in lower case
        assert (answer.status, answer.body, answer.is_whole) == (418, b"hello", True)
        again = await sender.send(OutgoingRequest("GET", f"{server.base}/cookie"))
        assert again.headers["retry-after"] == "7"
        # and no cookie is kept for the next one
        await sender.send(OutgoingRequest("DELETE", f"{server.base}/"))
    got = [(one.method, one.raw_path, one.headers.get("X-One"), one.headers.get("Cookie")) for one in server.requests]
    assert got == [("POST", "/a%2Fb?c=d", "1", None), ("GET", "/cookie", None, None), ("DELETE", "/", None, None)]


async def test_a_name_of_the_system_is_looked_up(server: Server) -> None:
    async with GuardedHttp(loopback=True) as http:
        answer = await http.send(OutgoingRequest("GET", server.base.replace("127.0.0.1", "localhost")))
        assert answer.status == 418
        with pytest.raises(AddressRefused, match="line break"):
            await http.send(OutgoingRequest("GET", server.base, {"X-One": "a\r\nX-Two: b"}))
    assert len(server.requests) == 1


async def test_a_redirection_is_an_answer_and_is_not_followed(server: Server) -> None:
    async with GuardedHttp(loopback=True) as http:
        answer = await http.send(OutgoingRequest("POST", f"{server.base}/elsewhere"))
    assert answer.status == 307
    assert len(server.requests) == 1


@pytest.mark.parametrize(("path", "begins"), [("/large", b"xx"), ("/inflated", b"\x1f\x8b")])
async def test_no_more_is_read_of_an_answer_than_may_be_and_nothing_is_inflated(
    server: Server, path: str, begins: bytes
) -> None:
    async with GuardedHttp(loopback=True) as http:
        answer = await http.send(OutgoingRequest("GET", f"{server.base}{path}", most_bytes=100))
    assert (answer.status, len(answer.body), answer.is_whole) == (200, 100, False)
    assert answer.body.startswith(begins)


async def test_who_takes_the_request_and_answers_nothing_may_have_taken_it(server: Server) -> None:
    async with GuardedHttp(loopback=True) as http:
        for path, seconds in (("/cut", 20.0), ("/silent", 0.05)):
            with pytest.raises(NoAnswer):
                await http.send(OutgoingRequest("POST", f"{server.base}{path}", seconds=seconds))
    # and nothing was repeated
    assert len(server.requests) == 2


async def test_who_is_not_there_has_taken_nothing() -> None:
    # Given a port at which nobody listens
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    async with GuardedHttp(loopback=True) as http:
        with pytest.raises(NotConnected):
            await http.send(OutgoingRequest("POST", f"http://127.0.0.1:{port}/"))


async def test_a_token_in_an_address_stands_in_no_error_and_no_log(
    server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[str] = []
    async with GuardedHttp(loopback=True) as http:
        for address in (f"{server.base}/{SECRET}/cut", f"http://127.0.0.1:1/{SECRET}", f"https://[x/{SECRET}"):
            with pytest.raises((NoAnswer, NotConnected, AddressRefused)) as failed:
                await http.send(OutgoingRequest("POST", address, seconds=0.2))
            told += [repr(failed.value), str(failed.value), repr(failed.value.__cause__)]
            assert failed.value.__suppress_context__
    assert SECRET not in "".join([*told, caplog.text])
