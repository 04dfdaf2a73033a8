"""`python -m local replay`: what is parked on a running host, by what is wrong with it, and replayed."""

import asyncio
import json
import socket
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from typer.testing import CliRunner

from local.__main__ import cli
from local.http import application
from local.index import index
from local.replay import replay, replay_on
from shared.access.route_permissions import OPERATOR
from tests.access.issuers import serving
from tests.builders import EXAMPLES, message_document
from tests.functions.hosts import Host, hosted
from tests.functions.test_access import AUDIENCE, ENTRA, Directory


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield running


async def ids(host: Host) -> list[str]:
    return [event["id"] for event in (await host.shown("parked", "_unknown"))["parked"]]


async def sent(host: Host, *bodies: bytes) -> list[str]:
    """Bodies that somebody sent to the bus itself; the ids under which they are parked."""
    known = await ids(host)
    await host.pipeline.bus.send([("message.posted", f"{n}", body) for n, body in enumerate(bodies)])
    await host.drain()
    return [parked_id for parked_id in await ids(host) if parked_id not in known]


async def test_what_waits_is_grouped_by_code_and_field(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    # Given parked events: one is no JSON, two have no time, one names an unknown tenant
    (text,) = await sent(host, b"{")
    timeless = await sent(host, *(json.dumps(message_document(id=name, time=None)).encode() for name in "ab"))
    (unknown,) = await sent(host, json.dumps(message_document()).encode())
    # When they are listed
    assert await replay(host.client, "_unknown", [], every=False)
    # Then each stands under what is wrong with it
    lines = capsys.readouterr().out.splitlines()
    assert [lines[n] for n in (0, 2, 5)] == ["invalid_event (1)", "invalid_event time (2)", "unknown_tenant (1)"]
    assert [lines[n].split()[0] for n in (1, 6)] == [text, unknown]
    assert sorted(lines[n].split()[0] for n in (3, 4)) == sorted(timeless)
    assert len(lines) == 7


async def test_where_nothing_waits_it_says_so(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert await replay(host.client, "_unknown", [], every=False)
    assert await replay(host.client, "_unknown", [], every=True)
    assert capsys.readouterr().out == "nothing is parked\n"


async def test_named_events_are_replayed_and_the_refused_ones_explained(
    host: Host, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given two events of a tenant that was put since, and one that can never be right
    first, second = await sent(host, *(json.dumps(message_document(id=name)).encode() for name in "ab"))
    (never,) = await sent(host, b"{")
    await host.configured("contoso")
    # When one of them is named, and two that do not exist, of which the host itself refuses one
    assert not await replay(host.client, "_unknown", [first, "a/b?c", "a\0b"], every=False)
    # Then that one is on its way
    assert capsys.readouterr().out.splitlines() == [
        f"{first}  accepted",
        "a/b?c  unknown_parked_event: no such parked event",
        "a\0b  HTTP 400",
    ]
    assert sorted(await ids(host)) == sorted([second, never])
    # And when all are replayed, the other one is too, and the last one says why not
    assert not await replay(host.client, "_unknown", [], every=True)
    lines = capsys.readouterr().out.splitlines()
    assert f"{second}  accepted" in lines
    assert next(line for line in lines if never in line).startswith(f"{never}  invalid_event: the body is not JSON")
    assert await ids(host) == [never]


async def test_more_than_a_page_is_replayed(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    # Given sixty events that came before their tenant
    await sent(host, *(json.dumps(message_document(id=f"{n}")).encode() for n in range(60)))
    await host.configured("contoso")
    # When all are replayed, then all are accepted and recorded
    assert await replay(host.client, "_unknown", [], every=True)
    assert capsys.readouterr().out.count("accepted") == 60
    await host.drain()
    assert len((await host.shown("conversations/c1/transcript"))["entries"]) == 60


async def test_an_unknown_tenant_is_named(host: Host, capsys: pytest.CaptureFixture[str]) -> None:
    assert not await replay(host.client, "nobody", [], every=False)
    assert capsys.readouterr().err.startswith("unknown_tenant: ")


def test_where_no_host_listens_the_command_fails_and_says_so() -> None:
    # Given a port that nobody listens on
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        # When the command asks there
        result = CliRunner().invoke(cli, ["replay", "--port", port])
    # Then it fails with a line that names the port
    assert result.exit_code == 1
    assert f"no host answers at http://127.0.0.1:{port}" in result.output


@asynccontextmanager
async def served(host: Host) -> AsyncIterator[str]:
    """The host on a real port of this machine."""
    config = uvicorn.Config(application(index(), host.clock), log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        serving_it = asyncio.create_task(server.serve(sockets=[listening]))
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving_it


async def test_a_deployment_that_asks_for_tokens_is_told_who_is_asking(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a host outside the local one, with an event that is parked under no known tenant
    directory = Directory(name=ENTRA, endorsements=())
    async with serving(directory) as metadata:
        authority = metadata.removesuffix("/.well-known/openid-configuration")
        async with (
            hosted(tmp_path, open_to_all=False, authority=authority, audience=AUDIENCE) as host,
            served(host) as url,
        ):
            await host.pipeline.bus.send([("message.posted", "1", json.dumps(message_document()).encode())])
            await host.drain()
            [parked] = await host.pipeline.parked.parked("_unknown")
            # When the command comes without a token, or with one that lacks the role, then it is told why not
            operator = directory.access_token(["Parked.Replay", OPERATOR])
            for token, code in ((None, "unauthorized"), (directory.access_token([OPERATOR]), "forbidden")):
                assert not await replay_on(url, token, "_unknown", [], every=False)
                assert capsys.readouterr().err.startswith(f"{code}: ")
            # and when it comes with a right one, then it lists, and replays what waits for a tenant
            assert await replay_on(f"{url}/", operator, "_unknown", [], every=False)
            assert parked.id in capsys.readouterr().out
            await host.pipeline.configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
            assert await replay_on(url, operator, "_unknown", [parked.id], every=False)
            said = capsys.readouterr()
            assert said.out == f"{parked.id}  accepted\n"
            assert operator not in said.out + said.err


async def answered(connection: asyncio.StreamWriter, body: bytes) -> None:
    connection.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    await connection.drain()
    connection.close()


@pytest.mark.parametrize("page", [b"<html>Welcome</html>", b"[]", b'{"parked": 1}'])
async def test_what_is_no_patchbay_is_said_to_be_none(page: bytes, capsys: pytest.CaptureFixture[str]) -> None:
    async with await asyncio.start_server(lambda _, writer: answered(writer, page), "127.0.0.1", 0) as server:
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        assert not await replay_on(url, None, "contoso", [], every=False)
    assert capsys.readouterr().err == f"what answers at {url} is no Patchbay\n"


@pytest.mark.parametrize(
    "url", ["http://patchbay.example.org", "ftp://127.0.0.1", "patchbay.example.org", "https://", ""]
)
def test_a_token_is_sent_over_tls_or_not_at_all(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATCHBAY_TOKEN", "a-token")
    result = CliRunner().invoke(cli, ["replay", "--url", url])
    assert result.exit_code == 2
    assert "a-token" not in result.output


def test_the_token_is_the_environments_and_goes_to_the_named_address_only(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given a token in the environment, and somebody who listens on a port and notes what is brought
    monkeypatch.setenv("PATCHBAY_TOKEN", "a-token")
    brought = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            for _ in range(2):
                connection, _address = listening.accept()
                with connection:
                    brought.append(b"Bearer a-token" in connection.recv(10_000))
                    connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")

        listener = threading.Thread(target=answer)
        listener.start()
        port = str(listening.getsockname()[1])
        # When the command goes to that address, and when it goes to the local host at that port
        for options in (["--url", f"http://127.0.0.1:{port}"], ["--port", port]):
            assert CliRunner().invoke(cli, ["replay", *options]).exit_code == 1
        listener.join()
    # Then it brings the token to the one that was named
    assert brought == [True, False]
