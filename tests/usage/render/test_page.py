"""The pages as text: every figure of the JSON, no markup of anybody else, the reader's numbers and dates."""

import re
from collections import Counter
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import InvalidRequest
from shared.usage.overview import UsageOverview, month_overview
from shared.usage.render.page import page_headers, render_overview, render_page
from shared.usage.render.writing import LOCALES, Reader, Writing, reader_of
from shared.usage.report import UsageReport
from tests.usage.pages import HOSTILE, everything, hostile, in_the_middle, months

BRITISH = Reader("en-GB")
_TYPED = str.maketrans({"\u2013": "-", "\u2212": "-", "\u202f": " ", "\xa0": " "})
MONTHS = months()


class Figures(HTMLParser):
    """The `data` elements of a page, the tags that it has, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.figures: dict[tuple[str, str], set[int]] = {}
        self.tags: Counter[str] = Counter()
        self.attributes: set[str] = set()
        self.text = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] += 1
        given = dict(attrs)
        self.attributes |= set(given)
        if tag == "data" and given.get("data-measure"):
            name = (str(given["data-measure"]), given.get("data-dimension") or "")
            self.figures.setdefault(name, set()).add(int(str(given["value"])))

    def handle_data(self, data: str) -> None:
        self.text += data

    @property
    def plain(self) -> str:
        """The text on one line, as somebody would type it."""
        return " ".join(self.text.translate(_TYPED).split())


def figures_of(report: UsageReport) -> Iterable[tuple[tuple[str, str], int]]:
    """What the JSON has, by measure and dimension."""
    document: dict[str, Any] = report.model_dump(mode="json", by_alias=True)
    for measure in ("counted", "invoiced", "addOnsInvoiced", "remaining", "overage", "addOnsNeeded"):
        yield (measure, ""), document[measure]
    yield ("entitlement", ""), document["entitlement"]["total"]
    yield ("licences", ""), document["entitlement"]["licences"]
    yield ("addOns", ""), document["entitlement"]["addOns"]
    yield from ((("excluded", reason), n) for reason, n in document["excluded"].items())
    yield from ((("sessions", each["date"]), each["sessions"]) for each in document["days"])
    if document["correctionCount"]:
        yield from ((each, document[each[0]]) for each in (("corrected", ""), ("correctionCount", "")))
    for each in document["due"]:
        yield from (((measure, each["month"]), each[measure]) for measure in ("before", "after", "pool"))
        yield from (((f"{measure}Due", each["month"]), each[measure]) for measure in ("sessions", "addOns"))


@pytest.mark.parametrize("name", MONTHS)
def test_the_figures_of_a_page_are_those_of_the_json(name: str) -> None:
    # given a month, and its page in every locale
    report = MONTHS[name]
    pages = {locale: Figures(render_page(report, Reader(locale))) for locale in LOCALES}
    for page in pages.values():
        # then each figure stands there, and never as another number
        shown = {key: values for key, values in page.figures.items() if not key[0].startswith("by")}
        assert {key: {n} for key, n in figures_of(report)} == {k: v for k, v in shown.items() if k != ("rows", "")}
        # and what is shown of a breakdown is what it has, the most used first
        for measure, parts in (("byBot", report.by_bot), ("byChannel", report.by_channel)):
            found = {part: n for (each, part), (n,) in page.figures.items() if each == measure}
            assert len(found) == min(len(parts), 8 if len(parts) > 9 else 9)
            assert sorted(found.values()) == sorted(parts.values(), reverse=True)[: len(found)][::-1]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("begun", "29 of 200 sessions used; it is too early to tell how long the pool lasts."),
        ("in-the-middle", "219 of 250 sessions used; at this rate the pool lasts until 23 October (23-26 Oct)."),
        ("may-run-out", "219 of 350 sessions used; at this rate the pool lasts all month, but it may be used up from"),
        ("lasts", "50 of 200 sessions used; at this rate the pool lasts all month."),
        ("exhausted", "219 of 50 sessions used: the pool lasted until 6 October; at this rate the month comes to 329."),
        ("no-pool", "219 of 0 sessions used: no licence is in effect, so every session is beyond the pool."),
        ("nothing", "0 of 200 sessions used; at this rate the pool lasts all month."),
        ("closing", "325 of 200 sessions used, 125 beyond the pool, which lasted until 20 October."),
        ("closed", "73 of 200 sessions used; 127 expired unused."),
        ("taken-back", "0 of 200 sessions used; at this rate the pool lasts all month."),
    ],
)
def test_a_page_begins_with_the_answer(name: str, sentence: str) -> None:
    text = Figures(render_page(MONTHS[name], BRITISH)).plain
    assert sentence in text


def test_a_page_says_what_to_buy_and_where() -> None:
    text = Figures(render_page(in_the_middle(), BRITISH)).plain
    assert "Buy 1 add-on (1-2) before the pool is used up" in text
    assert "Dynamics 365 for Customer Service Chatbot session add-on" in text
    assert "https://admin.microsoft.com > Billing > Purchase Services > Add-ons" in text
    over = Figures(render_page(MONTHS["exhausted"], BRITISH)).plain
    assert "Buy 2 add-ons to cover the 169 sessions beyond the pool; at this rate the whole month needs 3" in over
    assert "An add-on needs a licence" in Figures(render_page(MONTHS["no-pool"], BRITISH)).text


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "lasts",
            "150 sessions are unused. What is left at the end of 31 October expires: at this rate 125 (113-138).",
        ),
        ("taken-back", "200 sessions are unused. What is left at the end of 31 October expires: at this rate 200"),
        ("closed", "127 sessions expired unused at the end of 31 October."),
    ],
)
def test_a_page_says_what_expires_at_the_months_end(name: str, sentence: str) -> None:
    assert sentence in Figures(render_page(MONTHS[name], BRITISH)).plain


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("taken-back", ["No add-on is needed for the month itself so far.", "-1 session, 0 add-ons are invoiced"]),
        (
            "everything",
            ["Buy 80 add-ons to cover", "+12 sessions, 0 add-ons are invoiced with October 2026 for closed months"],
        ),
        ("in-the-middle", ["Buy 1 add-on", "All 3 together: 0 sessions"]),
        ("lasts", ["No add-on is needed so far"]),
    ],
)
def test_a_page_says_what_is_invoiced_for_closed_months_beside_what_the_month_needs(
    name: str, sentences: list[str]
) -> None:
    # given a month with corrections that make something due, with some that cancel each other, and with none
    plain = Figures(render_page(MONTHS[name], BRITISH)).plain
    # then what it means says so exactly if something is due
    assert all(sentence in plain for sentence in sentences)
    assert ("are invoiced with" in plain) == any("are invoiced" in sentence for sentence in sentences)


def test_the_list_says_what_is_invoiced_for_closed_months_as_the_months_page_does() -> None:
    # Given a month that needs add-ons of its own, whose corrections make something due, and one without any
    months = tuple(map(month_overview, (MONTHS["everything"], MONTHS["lasts"])))
    overview = UsageOverview(tenant_id="contoso", months=months, continuation=None)
    # Then the list says so once, in the words of the month's page
    sentence = "+12 sessions, 0 add-ons are invoiced with October 2026 for closed months that were corrected."
    plain = Figures(render_overview(overview, BRITISH)).plain
    assert (plain.count(sentence), plain.count("are invoiced")) == (1, 1)
    assert sentence in Figures(render_page(MONTHS["everything"], BRITISH)).plain


def test_one_correction_is_called_one() -> None:
    one = everything().model_copy(update={"correction_count": 1, "corrected": 1})
    assert "1 correction: +1 session" in Figures(render_page(one, BRITISH)).plain


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("closing", "The month closes from 9 Nov 2026, 00:00 on; until then late events are counted in it."),
        ("stuck", "The month was due to close on 9 Nov 2026, 00:00, and is not closed yet; until then late events are"),
    ],
)
def test_a_page_says_when_the_month_closes_or_should_have(name: str, sentence: str) -> None:
    assert sentence in Figures(render_page(MONTHS[name], BRITISH)).plain


def test_what_is_too_long_for_a_page_is_cut_and_says_so() -> None:
    text = Figures(render_page(everything(), BRITISH)).plain
    assert "and 4 more with 51 sessions, in the downloads" in text
    assert "and 42 more, in the evidence; all 50 together: +12 sessions" in text


def test_hostile_names_are_text_and_nothing_else() -> None:
    check_hostile_names_are_text_and_nothing_else(render_page)


def check_hostile_names_are_text_and_nothing_else(render: Callable[[UsageReport, Reader], str]) -> None:
    # given names that would run, close an element, or be a template
    report = hostile()
    page, plain = (Figures(render(each, BRITISH)) for each in (report, MONTHS["exhausted"]))
    # then there is no element and no attribute that a page without them has not
    assert set(page.tags) <= set(plain.tags) | {"caption"}
    assert page.attributes <= plain.attributes | {"download"}
    assert (page.tags["script"], page.tags["style"], page.tags["img"]) == (0, 1, 0)
    # and the names that fit on the page stand there as they are
    assert all(name in page.text for name in HOSTILE if "\x00" not in name)


@given(st.text(max_size=40))
def test_no_name_adds_an_element(name: str) -> None:
    base = in_the_middle()
    named = base.model_copy(update={"by_bot": {name: base.counted}, "by_channel": {name: base.counted}})
    harmless = base.model_copy(update={"by_bot": {"x": base.counted}, "by_channel": {"x": base.counted}})
    assert Figures(render_page(named, BRITISH)).tags == Figures(render_page(harmless, BRITISH)).tags


def test_a_page_runs_nothing_loads_nothing_and_has_no_style_but_the_one_that_its_header_names() -> None:
    text = render_page(everything(), BRITISH)
    policy = page_headers()["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script|\son\w+=|\sstyle=|src=|@import|url\(", text)
    assert [link for link in re.findall(r'href="([^"]*)"', text) if ":" in link] == [
        "data:,",
        "https://admin.microsoft.com",
    ]


def test_the_same_report_gives_the_same_page() -> None:
    assert render_page(in_the_middle(), BRITISH) == render_page(in_the_middle(), BRITISH)


@pytest.mark.parametrize(
    ("named", "header", "locale"),
    [
        (None, "", "en-GB"),
        (None, "de-DE,de;q=0.9,en;q=0.8", "de-DE"),
        (None, "de-AT", "de-DE"),
        (None, "en", "en-GB"),
        (None, "en-us", "en-US"),
        (None, "xx, fr;q=0.5, sv;q=0.7", "sv-SE"),
        (None, "de;q=0, it", "it-IT"),
        (None, "*", "en-GB"),
        (None, "zh-CN, ;;;q=x", "en-GB"),
        ("ja-JP", "de", "ja-JP"),
        ("pt-br", "", "pt-BR"),
    ],
)
def test_the_locale_is_the_best_of_those_asked_for(named: str | None, header: str, locale: str) -> None:
    reader = reader_of(named, header)
    assert reader.locale == locale
    # and links name it only where the address does
    assert reader.query == (f"?locale={locale}" if named else "")


@pytest.mark.parametrize("named", ["", "xx-XX", "de_DE", "../x", "<b>"])
def test_a_locale_that_there_is_not_is_refused(named: str) -> None:
    with pytest.raises(InvalidRequest, match="locale"):
        reader_of(named, "de")


@pytest.mark.parametrize(
    ("locale", "written"),
    [
        ("en-GB", ["12,345", "-1", "27 July", "27 Jul 2026", "July 2026", "27 Jul 2026, 12:00", "89%"]),
        ("en-US", ["12,345", "-1", "July 27", "Jul 27, 2026", "July 2026", "Jul 27, 2026, 12:00 PM", "89%"]),
        ("de-DE", ["12.345", "-1", "27. Juli", "27.07.2026", "Juli 2026", "27.07.2026, 12:00", "89 %"]),
        ("fr-FR", ["12 345", "-1", "27 juillet", "27 juil. 2026", "juillet 2026", "27 juil. 2026, 12:00", "89 %"]),
        ("ja-JP", ["12,345", "-1", "7月27日", "2026/07/27", "2026年7月", "2026/07/27, 12:00", "89%"]),
    ],
)
def test_numbers_and_dates_are_written_as_the_reader_is_used_to(locale: str, written: list[str]) -> None:
    one, day = Writing(locale, "Europe/Berlin"), date(2026, 7, 27)
    moment = datetime(2026, 7, 27, 10, tzinfo=UTC)
    dated = [one.day(day), one.full(day), one.month("2026-07"), one.moment(moment)]
    found = [one.number(12345), one.signed(-1), *dated, one.percent(0.89)]
    assert [Figures(str(text)).plain for text in found] == written


@pytest.mark.parametrize("locale", LOCALES)
def test_every_locale_writes_every_page(locale: str) -> None:
    for report in MONTHS.values():
        page = render_page(report, Reader(locale))
        assert page.startswith("<!DOCTYPE html>")
        assert page.rstrip().endswith("</html>")
