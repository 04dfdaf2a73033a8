"""`python -m local replay`: what is parked on a running host, by what is wrong with it, and replayed."""

import json
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from local.replay import replay
from tests.builders import message_document
from tests.functions.hosts import Host, hosted


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
    # When one of them is named, and one that does not exist
    assert not await replay(host.client, "_unknown", [first, "a/b?c"], every=False)
    # Then that one is on its way
    assert capsys.readouterr().out.splitlines() == [
        f"{first}  accepted",
        "a/b?c  HTTP 404",
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
    assert f"no host answers on port {port}" in result.output
