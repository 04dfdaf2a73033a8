"""The local host in a real browser: its own pages work, and a page of another site neither writes nor reads."""

import contextlib
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Error, Page, Route

from tests.browser import chromium
from tests.local.test_host import CLOCK, Process, running

pytestmark = pytest.mark.asyncio(loop_scope="module")
EVIL = "http://evil.test/"
_POSTS = """async address => {
    const body = JSON.stringify({advance: 'PT1H'});
    try { await fetch(address, {method: 'POST', mode: 'no-cors', body}); } catch (refused) { return String(refused); }
    return 'sent';
}"""
# What the form sends is JSON: its only member of that kind has the equals sign for a value.
_SUBMITS = """address => {
    const form = document.body.appendChild(document.createElement('form'));
    Object.assign(form, {method: 'POST', action: address, enctype: 'text/plain'});
    const input = form.appendChild(document.createElement('input'));
    Object.assign(input, {name: '{"advance": "PT1H", "x": "', value: '"}'});
    form.submit();
}"""


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    with running(tmp_path_factory.mktemp("browser") / "patchbay.db", "--clock", CLOCK) as host:
        host.configured().begin("c1")
        yield host


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def page(browser: Browser) -> AsyncIterator[Page]:
    context = await browser.new_context()
    yield await context.new_page()
    await context.close()


async def answer_evil(route: Route) -> None:
    await route.fulfill(body="<!doctype html><title>evil</title><body>", content_type="text/html")


async def test_its_own_pages_open_and_lead_to_each_other(process: Process, page: Page) -> None:
    # Given the address that the host announces, typed into a browser
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    first = await page.goto(str(process.client.base_url))
    assert first is not None
    assert (first.status, complaints) == (200, [])
    # When each link of the page is followed, then it leads somewhere
    count = await page.locator("a[href^='/']").count()
    assert count >= 7
    for number in range(count):
        await page.goto(str(process.client.base_url))
        async with page.expect_navigation() as followed:
            await page.locator("a[href^='/']").nth(number).click()
        answer = await followed.value
        assert answer is not None
        assert answer.status == 200, answer.url


async def test_a_page_of_another_site_changes_nothing(process: Process, page: Page) -> None:
    # Given a page of another site, in a browser on this machine, and when this host's clock stands
    before = process.client.get("/api/health").json()["time"]
    address = f"{process.client.base_url}/local/clock"
    await page.route(f"{EVIL}**", answer_evil)
    await page.goto(EVIL)
    # When it posts by a script and by a form, then the clock stands where it stood
    await page.evaluate(_POSTS, address)
    with contextlib.suppress(Error):
        async with page.expect_navigation():
            await page.evaluate(_SUBMITS, address)
    assert process.client.get("/api/health").json()["time"] == before
    # and it is the site that was the reason: a program moves it
    moved: httpx.Response = process.client.post("/local/clock", json={"advance": "PT1H"})
    assert moved.json()["now"] != before
