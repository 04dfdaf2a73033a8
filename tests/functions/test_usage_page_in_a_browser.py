"""The pages in a real browser: seen and heard, by keyboard, without JavaScript, light and dark, small, printed."""

import io
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page
from pypdf import PdfReader

from shared.usage.overview import UsageOverview, month_overview
from shared.usage.period import EARLIEST_MONTH
from shared.usage.render.formats import OVERVIEW_FORMATS, REPORT_FORMATS, Format, T
from shared.usage.render.writing import Reader
from shared.usage.report import MonthDocument, UsageReport
from tests.browser import ORIGIN, Answer, Answering, Visit, chromium, fonts_of, visiting
from tests.functions.hosts import Host, hosted
from tests.functions.test_usage_routes import USAGE, october
from tests.usage.pages import everything, hostile, in_the_middle, months

# One browser for all tests of this file, which therefore share its loop.
pytestmark = pytest.mark.asyncio(loop_scope="module")
LIST = "/api/tenants/contoso/usage"
MONTH = f"{LIST}/2026-10"
MONTHS = months()
PAPERS = ("A4", "Letter")
PRINTED = ("in-the-middle", "everything", "stuck", "hostile")
FONTS = {
    "DejaVuSans": Path("/usr/share/fonts/truetype/dejavu"),
    "LiberationSans": Path("/usr/share/fonts/truetype/liberation"),
}
"""Common fonts, and where Debian installs them."""
NARROW, WIDE = {"width": 360, "height": 740}, {"width": 1180, "height": 900}
_FOCUSED = """() => {
    const at = document.activeElement, style = getComputedStyle(at), place = at.getBoundingClientRect();
    return {
        name: at.localName === 'a' ? at.getAttribute('href') : at.localName,
        seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && place.left >= 0,
    };
}"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path) as running:
        await october(await running.configured("contoso"))
        yield running


def answering(document: T, chosen: Format[T], added: str = "") -> Answering:
    """Answers every request with the document's page, and `added` at its end."""
    body = chosen.renderer(document, Reader("en-GB"))
    headers = {**chosen.headers(), "Content-Type": "text/html; charset=utf-8"}

    async def answer(path: str, given: Mapping[str, str]) -> Answer:
        return Answer(f"{body!s}{added}", headers)

    return answer


def of_month(report: UsageReport, added: str = "") -> Answering:
    return answering(MonthDocument(report, EARLIEST_MONTH), REPORT_FORMATS["html"], added)


def of_list() -> Answering:
    lines = tuple(month_overview(report) for report in (MONTHS["exhausted"], MONTHS["closed"], MONTHS["taken-back"]))
    return answering(UsageOverview(tenant_id="contoso", months=lines, continuation="2026-08"), OVERVIEW_FORMATS["html"])


def from_host(host: Host) -> Answering:
    """Answers with what the routes answer."""

    async def answer(path: str, given: Mapping[str, str]) -> Answer:
        sent = {name: value for name, value in given.items() if name in ("accept", "accept-language")}
        response = await host.client.get(path, headers=sent)
        return Answer(response.content, response.headers, response.status_code)

    return answer


async def violations(visit: Visit) -> list[str]:
    """What axe-core finds, with everything on the page opened."""
    await visit.page.eval_on_selector_all("details", "all => all.forEach(each => each.open = true)")
    found = await Axe().run(visit.page)
    rules: list[dict[str, Any]] = found.response["violations"]
    assert len(found.response["passes"]) > 10
    return [f"{rule['id']}: {node['html']}" for rule in rules for node in rule["nodes"]]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["in-the-middle", "everything", "hostile", "list"])
async def test_everybody_can_perceive_and_operate_a_page(browser: Browser, name: str, scheme: str) -> None:
    answer = of_list() if name == "list" else of_month(MONTHS[name])
    async with visiting(browser, MONTH, answer, color_scheme=scheme, viewport=WIDE) as visit:
        assert await violations(visit) == []
        # then the scheme is the one that was asked for
        paper = await visit.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert paper == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(19, 23, 28)")
        assert visit.complaints == []


async def test_what_nobody_can_read_is_noticed(browser: Browser) -> None:
    # given a page with an image without words, and a text that is almost its paper's colour
    added = '<img src="data:,"><p><font color="#dddddd">nobody reads this</font></p>'
    async with visiting(browser, MONTH, of_month(in_the_middle(), added), viewport=WIDE) as visit:
        found = await violations(visit)
    assert any(each.startswith("image-alt") for each in found), found
    assert any(each.startswith("color-contrast") for each in found)


async def tabbed(page: Page) -> list[dict[str, Any]]:
    """Where Tab leads, from the page's beginning until it leaves the page."""
    stops: list[dict[str, Any]] = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        stop = await page.evaluate(_FOCUSED)
        if stop["name"] == "body" or (stops and stop["name"] == stops[0]["name"]):
            return stops
        stops.append(stop)
    raise AssertionError("Tab never leaves the page")


@pytest.mark.parametrize("name", ["month", "list"])
async def test_the_keyboard_reaches_everything_without_javascript(browser: Browser, name: str) -> None:
    answer = of_list() if name == "list" else of_month(in_the_middle())
    async with visiting(browser, MONTH, answer, viewport=WIDE, java_script_enabled=False) as visit:
        links = await visit.page.eval_on_selector_all(
            "a, summary", "all => all.map(e => e.getAttribute('href') || e.localName)"
        )
        stops = await tabbed(visit.page)
        # then Tab comes to each link, the skip link first, and to the table's switch, in the order of the page
        assert [stop["name"] for stop in stops] == links
        assert links[0] == "#main"
        assert len(links) >= 8
        # and each shows that it has the focus
        assert [stop["name"] for stop in stops if not stop["seen"]] == []


async def test_the_skip_link_leads_to_the_figures_and_the_switch_opens_the_table(browser: Browser) -> None:
    async with visiting(browser, MONTH, of_month(in_the_middle()), viewport=WIDE, java_script_enabled=False) as visit:
        await visit.page.keyboard.press("Tab")
        await visit.page.keyboard.press("Enter")
        assert await visit.page.evaluate("document.activeElement.id") == "main"
        table = visit.page.locator("details table").first
        assert not await table.is_visible()
        await visit.page.locator("summary").focus()
        await visit.page.keyboard.press("Enter")
        assert await table.is_visible()
        assert await table.locator("tbody tr").count() == 31


@pytest.mark.parametrize("name", ["in-the-middle", "everything", "stuck", "hostile", "list"])
async def test_a_narrow_screen_has_all_of_it_and_scrolls_down_only(browser: Browser, name: str) -> None:
    answer = of_list() if name == "list" else of_month(MONTHS[name])
    async with visiting(browser, MONTH, answer, viewport=NARROW, java_script_enabled=False) as visit:
        assert await visit.page.evaluate("document.documentElement.scrollWidth") == NARROW["width"]


async def printed(page: Page, paper: str) -> PdfReader:
    """The page on paper."""
    return PdfReader(io.BytesIO(await page.pdf(format=paper, prefer_css_page_size=False)))


def families(printed: PdfReader) -> set[str]:
    """The families of the fonts in which it is printed; a font is named as `ABCDEF+DejaVuSans-Bold`."""
    resources: list[Any] = [sheet["/Resources"] for sheet in printed.pages]
    names = [font.get_object()["/BaseFont"] for each in resources for font in each["/Font"].values()]
    return {name.partition("+")[2].partition("-")[0] for name in names}


@pytest.mark.parametrize("paper", PAPERS)
@pytest.mark.parametrize("name", PRINTED)
async def test_a_month_prints_on_two_sheets_at_most(browser: Browser, name: str, paper: str) -> None:
    async with visiting(browser, MONTH, of_month(MONTHS[name]), color_scheme="dark") as visit:
        # when it is printed from a dark screen
        sheets = (await printed(visit.page, paper)).pages
    text = "".join(page.extract_text() for page in sheets)
    assert len(sheets) <= 2
    # then all that paper is for is there, and what is cut says so
    assert "What is left of the pool" in text
    assert MONTHS[name].sha256 in "".join(text.split())
    assert ("and 42 more, in the evidence" in text) == (name in ("everything", "stuck"))


@pytest.mark.parametrize("family", [family for family, folder in FONTS.items() if folder.is_dir()])
async def test_two_sheets_are_enough_whatever_fonts_there_are(family: str, tmp_path: Path) -> None:
    # Given a browser that has no fonts but those of one family
    async with chromium(fonts_of(FONTS[family], tmp_path / "fonts.conf")) as browser:
        for name in PRINTED:
            async with visiting(browser, MONTH, of_month(MONTHS[name])) as visit:
                for paper in PAPERS:
                    # When a month is printed, then it is in that family, on two sheets at most
                    sheets = await printed(visit.page, paper)
                    assert (families(sheets), len(sheets.pages) <= 2) == ({family}, True)


async def test_hostile_names_do_nothing(browser: Browser) -> None:
    async with visiting(browser, MONTH, of_month(hostile()), viewport=WIDE) as visit:
        assert (await visit.page.title()).startswith("October 2026")
        assert await visit.page.locator("main img, main script").count() == 0
        assert (visit.asked, visit.complaints) == ([MONTH], [])


async def test_a_script_that_got_into_a_page_would_not_run(browser: Browser) -> None:
    # given a page into which somebody brought scripts, a style, and a picture from elsewhere
    added = (
        "<script>document.title = 'run'</script><b onclick=\"document.title = 'run'\">x</b>"
        '<style>body { background: red }</style><p style="color: red">x</p><img src="https://elsewhere.test/x.png">'
    )
    async with visiting(browser, MONTH, of_month(in_the_middle(), added), viewport=WIDE) as visit:
        await visit.page.locator("b").click()
        # then the policy keeps all of it from having an effect
        assert (await visit.page.title()).startswith("October 2026")
        assert await visit.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert visit.asked == [MONTH]
        assert len(visit.complaints) == 5


async def test_a_reader_comes_from_the_list_to_a_month_and_to_its_files(browser: Browser, host: Host) -> None:
    report = await host.shown("usage/2026-10")
    settings = {"viewport": WIDE, "java_script_enabled": False, "locale": "de-DE", "accept_downloads": True}
    async with visiting(browser, LIST, from_host(host), **settings) as visit:
        page = visit.page
        await page.get_by_role("link", name="Oktober 2026", exact=True).click()
        assert page.url == f"{ORIGIN}{USAGE}"
        # then the figures that are seen are those of the JSON
        shown = {
            await each.get_attribute("data-measure"): int((await each.inner_text()).replace(".", ""))
            for each in await page.locator(".figures data").all()
        }
        names = ("invoiced", "counted", "remaining", "overage", "addOnsNeeded")
        assert {name: shown[name] for name in names} == {name: report[name] for name in names}
        assert shown["entitlement"] == report["entitlement"]["total"]
        # and every file would be saved under its name, and has been answered
        saved = set()
        for link in await page.locator(".downloads a").all():
            if await link.inner_text() != "JSON":
                async with page.expect_download() as download:
                    await link.click()
                saved.add((await download.value).suggested_filename)
        assert saved == {
            *("usage-contoso-2026-10.csv", "usage-contoso-2026-10.xlsx", "usage-contoso-2026-10-focus.csv"),
            *("evidence-contoso-2026-10.csv", "evidence-contoso-2026-10.ndjson"),
        }
        assert visit.complaints == []


async def test_a_month_full_of_everything_is_what_the_sheets_were_counted_with() -> None:
    full = everything()
    counts = (len(full.days), len(full.by_bot), len(full.by_channel), len(full.by_work_stream), full.correction_count)
    assert counts == (31, 12, 8, 10, 50)
