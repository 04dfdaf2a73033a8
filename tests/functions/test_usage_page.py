"""The month and the list of months over HTTP: for a browser as pages, for programs as JSON, with one negotiation."""

from typing import Any

import pytest

from shared.usage.overview import MAX_MONTHS
from tests.functions.hosts import EVENTS, Host, hosted, paths, problem
from tests.functions.test_usage_routes import USAGE, conversation, october
from tests.usage.render.test_page import Figures

LIST = "/api/tenants/contoso/usage"
FIREFOX = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
BROWSER = {"Accept": FIREFOX, "Accept-Language": "de-AT,de;q=0.9"}


async def shown(host: Host, path: str, headers: Any = None, **parameters: str) -> Figures:
    """A page, checked for what every one has."""
    answer = await host.client.get(path, params=parameters, headers=headers or {})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8"), answer.text
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"].startswith("private")
    assert {"Accept", "Accept-Language"} == set(answer.headers["vary"].split(", "))
    assert "content-disposition" not in answer.headers
    page = Figures(answer.text)
    assert page.tags["script"] == 0
    return page


@pytest.mark.parametrize("path", [USAGE, LIST])
async def test_a_browser_gets_a_page_and_so_does_who_asks_for_it_by_name(host: Host, path: str) -> None:
    await october(host)
    page = await shown(host, path, BROWSER)
    assert "Oktober 2026" in page.plain
    for locale in ("fr-FR", "fr-CA", "fr"):
        named = await shown(host, path, {"Accept": "application/json"}, format="html", locale=locale)
        assert "octobre 2026" in named.plain


@pytest.mark.parametrize("path", [USAGE, LIST])
async def test_a_program_gets_json(host: Host, path: str) -> None:
    for headers in ({}, {"Accept": "*/*"}, {"Accept": "application/json, text/html;q=0.9"}):
        answer = await host.client.get(path, headers=headers)
        assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
        assert (answer.headers["cache-control"], answer.headers["x-content-type-options"]) == (
            "private, no-cache",
            "nosniff",
        )


@pytest.mark.parametrize("path", [USAGE, LIST])
async def test_a_locale_or_a_format_that_there_is_not_is_refused(host: Host, path: str) -> None:
    assert paths(await host.client.get(path, params={"format": "html", "locale": "xx"})) == ["locale"]
    answer = await host.client.get(path, params={"format": "pdf"})
    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")


async def test_the_page_holds_the_figures_of_the_json_and_of_nobody_else(host: Host) -> None:
    # given three sessions of bots with names like formulas
    await october(host)
    report = await host.shown("usage/2026-10")
    page = await shown(host, USAGE, BROWSER)
    assert page.figures["counted", ""] == {report["counted"]} == {3}
    assert page.figures["entitlement", ""] == {report["entitlement"]["total"]}
    bots = {part: n for (measure, part), (n,) in page.figures.items() if measure == "byBot"}
    assert bots == report["byBot"]
    # then bots stand there by their ids, and no customer and no line
    assert "Contoso bot" not in page.text
    assert report["sha256"] in page.text


async def test_every_link_of_a_page_leads_somewhere(host: Host) -> None:
    await october(host)
    for path in (LIST, USAGE):
        text = (await host.client.get(path, params={"format": "html"})).text
        targets = [part.split('"')[0] for part in text.split("<a ")[1:] for part in part.split('href="')[1:2]]
        inside = [target for target in targets if not target.startswith(("#", "https://"))]
        assert len(inside) >= 3
        for target in inside:
            answer = await host.client.get(host.client.base_url.join(path).join(target.replace("&amp;", "&")))
            assert answer.status_code == 200, target


@pytest.mark.parametrize("host", ["2026-08-01T00:00:00Z"], indirect=True)
async def test_the_list_has_the_months_with_their_figures_and_links(host: Host) -> None:
    # given a tenant of August, with sessions in that month, and in October until the 20th
    early = [dict(event, time="2026-08-05T11:00:00Z") for event in conversation("c0", 5)]
    await host.accepted(EVENTS, early)
    await october(host)
    overview = await host.shown("usage")
    # then each month from the first to the present one is there, the newest first, also those without any
    assert [month["month"] for month in overview["months"]] == ["2026-10", "2026-09", "2026-08"]
    assert (overview["tenantId"], overview["continuation"]) == ("contoso", None)
    for month in overview["months"]:
        report = await host.shown(f"usage/{month['month']}")
        assert {name: month[name] for name in month if name != "links"} == {
            name: report[name] for name in month if name != "links"
        }
        # and its links lead to it
        for name, link in month["links"].items():
            answer = await host.client.get(host.client.base_url.join(LIST).join(link))
            assert answer.status_code == 200, name
    assert [month["counted"] for month in overview["months"]] == [3, 0, 1]


async def test_a_tenant_without_sessions_has_the_present_month(host: Host) -> None:
    overview = await host.shown("usage", "fabrikam")
    assert [(month["month"], month["status"], month["invoiced"]) for month in overview["months"]] == [
        ("2026-10", "open", 0)
    ]
    assert "Oktober 2026" in (await shown(host, "/api/tenants/fabrikam/usage", BROWSER)).plain


@pytest.mark.parametrize("host", ["2021-10-05T00:00:00Z"], indirect=True)
async def test_a_long_list_comes_in_parts(host: Host) -> None:
    # given a tenant that was first configured five years ago
    # when the list is followed to its end
    first = await host.shown("usage")
    rest = await host.shown("usage", continuation=first["continuation"])
    # then no month is left out, and none comes twice
    months = [month["month"] for page in (first, rest) for month in page["months"]]
    assert len(first["months"]) == MAX_MONTHS
    assert rest["continuation"] is None
    assert months == sorted(set(months), reverse=True)
    assert (len(months), months[-1]) == (61, "2021-10")
    # and the page says where it goes on
    answer = await host.client.get(LIST, params={"format": "html", "locale": "en-US"})
    assert f'href="?continuation={first["continuation"]}&amp;locale=en-US"' in answer.text


async def test_a_list_of_nobody_or_from_nowhere_is_refused(host: Host) -> None:
    answer = await host.client.get("/api/tenants/nobody/usage")
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")
    assert paths(await host.client.get(LIST, params={"continuation": "2026-13"})) == ["continuation"]


@pytest.mark.parametrize("month", ["1000-01", "1900-01", "2026-02", "9999-12"])
async def test_every_month_has_a_page(host: Host, month: str) -> None:
    page = await shown(host, f"{LIST}/{month}", BROWSER)
    assert page.figures["invoiced", ""] == {0}


@pytest.mark.parametrize("host", ["2026-08-01T00:00:00Z"], indirect=True)
async def test_a_month_before_the_tenants_first_one_had_no_pool_and_nothing_expired(host: Host) -> None:
    # Given a tenant of August, whose licences are older: the month before it has neither pool nor sessions
    before = await host.shown("usage/2026-07")
    assert (before["status"], before["entitlement"]["total"], before["remaining"]) == ("closed", 0, 0)
    page = await shown(host, f"{LIST}/2026-07", format="html", locale="en-GB")
    assert "Patchbay did not know contoso yet: there was no pool, and nothing expired." in page.plain
    assert "Its books begin with August 2026" in page.plain
    assert "expired unused" not in page.plain
    assert "no licence is in effect" not in page.plain
    # and no page leads to a month before the first
    for month, links in (("2026-09", 1), ("2026-08", 0), ("2026-07", 0)):
        text = (await host.client.get(f"{LIST}/{month}", params={"format": "html"})).text
        assert text.count('rel="prev"') == links, month


async def test_a_month_at_the_end_of_time_has_a_page_east_of_greenwich(tmp_path: Any) -> None:
    async with hosted(tmp_path) as host:
        await host.configured("fabrikam")
        page = await shown(host, "/api/tenants/fabrikam/usage/9999-12", BROWSER)
    assert "Dezember 9999" in page.plain


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/api/tenants/<b>nobody/usage", 404, "no tenant '<b>nobody' is configured"),
        (f"{LIST}/2026-13", 400, "'2026-13' is not a month such as 2026-10"),
        (f"{LIST}/2026-10?format=pdf", 406, "'pdf' is not offered"),
        (f"{LIST}?format=html&locale=xx", 400, "locale: is none of en-GB"),
    ],
)
async def test_a_browser_is_told_on_a_page_what_is_wrong(host: Host, path: str, status: int, said: str) -> None:
    answer = await host.client.get(path, headers=BROWSER)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "text/html; charset=utf-8")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha256-")
    assert answer.headers["vary"] == "Accept, Accept-Language"
    page = Figures(answer.text)
    assert said in page.plain
    assert answer.headers["x-request-id"] in page.plain
    assert page.tags["b"] == page.tags["script"] == 0


async def test_a_program_is_told_in_a_problem_document(host: Host) -> None:
    # given those who ask for JSON: by Accept, by format though in a browser, and by asking for nothing
    for headers, path in (({"Accept": "application/json"}, LIST), (BROWSER, f"{LIST}/2026-13?format=json"), ({}, LIST)):
        answer = await host.client.get(path.replace("contoso", "nobody"), headers=headers)
        assert problem(answer)["code"] in ("unknown_tenant", "invalid_request")
