"""The host's start page: a page for a browser, JSON for a program; every link and every command leads somewhere."""

import asyncio
import re
import shlex
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from local.__main__ import cli
from shared import bootstrap
from shared.health import Health
from tests.browser import chromium, visiting
from tests.functions.hosts import Host, hosted
from tests.functions.test_usage_page import FIREFOX
from tests.functions.test_usage_page_in_a_browser import NARROW, WIDE, from_host, tabbed, violations
from tests.usage.render.test_page import Figures

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        yield running


async def as_json(host: Host) -> dict[str, Any]:
    answer = await host.client.get("/")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    document: dict[str, Any] = answer.json()
    return document


async def as_page(host: Host, path: str = "/") -> str:
    answer = await host.client.get(path, headers={"Accept": FIREFOX})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    return answer.text


@pytest.mark.parametrize("path", ["/", "/api", "/api/"])
async def test_the_address_that_the_host_announces_answers_a_browser_with_a_page(host: Host, path: str) -> None:
    await host.configured("fabrikam")
    answer = await host.client.get(path, headers={"Accept": FIREFOX})
    # then the browser may run and load nothing, keeps nothing for others, and sees what runs
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    headers = ("x-content-type-options", "referrer-policy", "cache-control", "vary")
    assert [answer.headers[name] for name in headers] == ["nosniff", "no-referrer", "private, no-cache", "Accept"]
    page = Figures(answer.text)
    assert page.tags["script"] == 0
    assert "It listens on http://localhost:80." in page.plain
    assert "fabrikam" in page.plain
    assert (await host.client.get(path, params={"format": "html"})).text == answer.text


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5"])
async def test_a_program_gets_the_same_as_json(host: Host, accept: str) -> None:
    await host.configured("contoso", "fabrikam")
    answer = await host.client.get("/", headers={"Accept": accept})
    assert answer.headers["content-type"] == "application/json"
    start = answer.json()
    assert start["healthy"]
    assert [tenant["tenantId"] for tenant in start["tenants"]] == ["contoso", "fabrikam"]
    assert {"name": "Clock", "state": "2026-10-20T12:00:00Z, where it stands still"} in start["running"]
    assert {"name": "Database", "state": str(host.pipeline.database.path)} in start["running"]
    page = await as_page(host)
    assert [part["state"] in page.replace("&#39;", "'") for part in start["running"]] == [True] * len(start["running"])


async def test_every_link_leads_somewhere(host: Host) -> None:
    await host.configured("contoso", "northwind")
    links = re.findall(r'href="(/[^"]*)"', await as_page(host))
    assert len(links) == 2 + 2 * 5
    for link in links:
        assert (await host.client.get(link.replace("&amp;", "&"))).status_code == 200, link


@pytest.mark.parametrize("tenants", [(), ("contoso",), ("northwind",)], ids=["no tenant", "contoso", "northwind"])
async def test_the_commands_are_those_that_there_are(host: Host, tenants: tuple[str, ...], tmp_path: Path) -> None:
    await host.configured(*tenants)
    steps = [shlex.split(step["command"]) for step in (await as_json(host))["next"]]
    targets = [word for words in steps for word in words if word.startswith("http://")]
    # then each address is one of this host's
    assert {target.split("/api/")[0].removesuffix("/local/clock") for target in targets} == {"http://localhost:80"}
    # and each command of the command line is one, with options that it has
    commands = [" ".join(words).rpartition("| ")[2].split() for words in steps]
    of_ours = [words[3:] for words in commands if words[:3] == [".venv/bin/python", "-m", "local"]]
    assert {name for name, *_ in of_ours} == {"doctor", "replay", "backup"}
    for name, *words in of_ours:
        assert set(re.findall(r"--[\w-]+", " ".join(words))) <= options_of(name)
    # and the first one puts a tenant
    assert steps[0][:4] == ["curl", "-X", "PUT", "--data-binary"]
    assert ["make", "demo"] in steps


def options_of(command: str) -> set[str]:
    told = CliRunner().invoke(cli, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"})
    assert told.exit_code == 0
    return set(re.findall(r"--[\w-]+", told.output))


async def test_what_the_page_says_to_send_is_taken(host: Host) -> None:
    # given a host without a tenant
    steps = [shlex.split(step["command"]) for step in (await as_json(host))["next"]]
    put, said = steps[0], next(words for words in steps if "-d" in words and "channels" in words[-1])
    # when what the commands send is sent
    body = (ROOT / put[4].removeprefix("@")).read_bytes()
    assert (await host.client.put(put[-1], content=body)).status_code == 200
    answer = await host.client.post(said[-1], content=said[said.index("-d") + 1].encode())
    # then the tenant is there, and what the customer said was taken
    assert answer.json()["rejected"] == []
    assert answer.status_code == 202
    assert [tenant["tenantId"] for tenant in (await as_json(host))["tenants"]] == ["contoso"]


async def test_the_doctor_reads_what_the_page_pipes_to_it(host: Host) -> None:
    # given the page of a host without a tenant, when its command is run as it stands there
    command = next(step["command"] for step in (await as_json(host))["next"] if " doctor " in step["command"])
    shell = ["sh", "-c", command.replace(".venv/bin/python", shlex.quote(sys.executable))]
    ran = await asyncio.to_thread(subprocess.run, shell, cwd=ROOT, capture_output=True, text=True, timeout=60)
    # then it says what becomes of the line
    assert ran.returncode == 0
    assert "message.posted m1" in ran.stdout


async def test_a_format_or_a_parameter_that_there_is_not_is_refused(host: Host) -> None:
    for query, status in (("format=pdf", 406), ("formt=html", 400), ("x=1&format=json", 400)):
        answer = await host.client.get(f"/?{query}")
        assert answer.status_code == status
        assert "detail" in answer.json()
    assert (await host.client.get("/", headers={"Accept": "image/png"})).status_code == 406
    assert (await host.client.post("/")).status_code == 405


async def test_a_host_that_is_not_well_says_so(host: Host) -> None:
    # given a bus that does not answer
    async def fails() -> Mapping[str, Any]:
        raise ConnectionError

    bootstrap.provide(replace(host.pipeline, health=Health({"bus": fails}, host.clock)))
    assert not (await as_json(host))["healthy"]
    page = Figures(await as_page(host)).plain
    assert "and something is not reachable" in page
    assert "not reachable (ConnectionError)" in page


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_everybody_can_perceive_and_operate_it(host: Host, scheme: str) -> None:
    await host.configured("contoso", "northwind")
    async with (
        chromium() as browser,
        visiting(browser, "/", from_host(host), color_scheme=scheme, viewport=WIDE) as visit,
    ):
        assert await violations(visit) == []
        assert visit.complaints == []


async def test_the_keyboard_reaches_every_link_and_a_narrow_screen_scrolls_down_only(host: Host) -> None:
    await host.configured("contoso", "northwind")
    async with (
        chromium() as browser,
        visiting(browser, "/", from_host(host), viewport=NARROW, java_script_enabled=False) as visit,
    ):
        links = await visit.page.eval_on_selector_all("a", "all => all.map(each => each.getAttribute('href'))")
        stops = await tabbed(visit.page)
        assert [stop["name"] for stop in stops] == links
        assert [stop["name"] for stop in stops if not stop["seen"]] == []
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]
