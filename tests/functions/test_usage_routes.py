"""What finance reads: the month as JSON and CSV, and the evidence behind each figure."""

import asyncio
import csv
import io
import re
from typing import Any

import httpx
import pytest

from functions import timer
from local.timers import run_timer
from shared.errors import ArchiveUnavailable, NotAcceptable
from shared.usage.render.formats import REPORT_FORMATS, format_named
from tests.builders import document
from tests.functions.hosts import EVENTS, Host, function_named, paths, problem
from tests.usage.test_ledger_row import row

USAGE = "/api/tenants/contoso/usage/2026-10"
CHANNEL = {"accountId": "contoso-app", "channelId": "app"}


def conversation(name: str, day: int, *, bot: str | None = None, topic: str | None = None) -> list[dict[str, Any]]:
    """A conversation of October that a bot takes (or not, with a topic), and in which another bot may speak."""
    at = f"2026-10-{day:02}T11:00:00Z"
    variables = {"BotHandoffTopic": topic} if topic else {}
    start = {"channel": CHANNEL, "customer": {"id": "u"}, "contextVariables": variables}
    events = [document("conversation.started", start, name, at)]
    said = {"author": {"role": "bot", "id": bot}, "text": "x"}
    return [*events, document("message.posted", said, name, at)] if bot else events


async def october(host: Host) -> None:
    """Three sessions on two days, of one of which a second bot, with a name like a formula, was part; one without."""
    events = [
        *conversation("c1", 1),
        *conversation("c2", 5, bot="=cmd()"),
        *conversation("c3", 5, bot="+1", topic="CreditCard"),
        *conversation("c4", 5, topic="CreditCard"),
    ]
    assert (await host.accepted(EVENTS, events))["rejected"] == []
    await host.drain()


async def test_a_months_report_adds_up(host: Host) -> None:
    await october(host)
    report = await host.shown("usage/2026-10")
    # Then its figures are those of the conversations
    assert (report["tenantId"], report["month"], report["status"], report["version"]) == (
        "contoso",
        "2026-10",
        "open",
        1,
    )
    assert (report["counted"], report["excluded"]) == (3, {"no_bot": 1})
    assert report["entitlement"] == {"licences": 2, "addOns": 1, "total": 200}
    assert (report["remaining"], report["overage"], report["addOnsNeeded"]) == (197, 0, 0)
    assert {day["date"]: day["sessions"] for day in report["days"] if day["sessions"]} == {
        "2026-10-01": 1,
        "2026-10-05": 2,
    }
    assert len(report["days"]) == 31
    # and every breakdown adds up to the whole
    for breakdown in ("byBot", "byChannel", "byWorkStream"):
        assert sum(report[breakdown].values()) == 3
    assert report["asOf"] == "2026-10-20T12:00:00Z"


async def test_the_hash_covers_the_content_and_not_the_time_of_asking(host: Host) -> None:
    await october(host)
    first = await host.shown("usage/2026-10")
    second = await host.shown("usage/2026-10")
    assert first["sha256"] == second["sha256"]
    await host.accepted(EVENTS, conversation("c9", 9))
    await host.drain()
    assert (await host.shown("usage/2026-10"))["sha256"] != first["sha256"]


@pytest.mark.parametrize(
    ("parameters", "accept"),
    [({"format": "csv"}, "*/*"), ({"format": "csv"}, "application/json"), ({}, "text/csv"), ({}, "TEXT/CSV;q=0.9")],
)
async def test_the_report_as_csv_holds_the_same_figures(host: Host, parameters: dict[str, str], accept: str) -> None:
    await october(host)
    report = await host.shown("usage/2026-10")
    answer = await host.client.get(USAGE, params=parameters, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    # Then each figure is a row
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    figures = {(row["measure"], row["dimension"]): int(row["value"]) for row in rows}
    assert len(figures) == len(rows)
    assert figures["counted", ""] == report["counted"]
    assert figures["entitlement", ""] == report["entitlement"]["total"]
    assert figures["excluded", "no_bot"] == 1
    assert {name: n for (measure, name), n in figures.items() if measure == "byChannel"} == report["byChannel"]
    assert [n for (measure, _), n in figures.items() if measure == "sessions"] == [
        day["sessions"] for day in report["days"]
    ]
    assert {row["tenantId"] for row in rows} == {"contoso"}
    # and no cell is a formula
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@"))]


@pytest.mark.parametrize(
    "accept", ["", "*/*", "application/*", "text/html;q=0.8, application/json;q=0.9", "image/png,*/*"]
)
async def test_the_report_is_json_unless_something_else_is_asked_for(host: Host, accept: str) -> None:
    answer = await host.client.get(USAGE, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")


@pytest.mark.parametrize(
    ("parameters", "accept"), [({"format": "pdf"}, "*/*"), ({"format": " "}, "*/*"), ({}, "image/png"), ({}, "a/b, c")]
)
async def test_a_format_that_does_not_exist_is_not_acceptable(
    host: Host, parameters: dict[str, str], accept: str
) -> None:
    answer = await host.client.get(USAGE, params=parameters, headers={"Accept": accept})
    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")


@pytest.mark.parametrize(
    "month",
    ["2026-13", "2026-00", "2026-1", "2026", "october", "0000-01", "0999-12", "2026-10-01", "2026-10%0A", "%20",
     "2%EF%BC%9026-10", "202%D9%A6-10", "2026-1%EF%BC%90", "+026-10"],
)  # fmt: skip
async def test_what_is_no_month_is_refused(host: Host, month: str) -> None:
    for resource in ("", "/sessions"):
        answer = await host.client.get(f"/api/tenants/contoso/usage/{month}{resource}")
        assert paths(answer) == ["month"]


@pytest.mark.parametrize("month", ["1000-01", "2000-02", "9999-12"])
async def test_a_month_without_conversations_has_a_report_of_zeros(host: Host, month: str) -> None:
    report = await host.shown(f"usage/{month}")
    assert (report["counted"], report["days"][0]) == (0, {"date": f"{month}-01", "sessions": 0})


async def test_an_unknown_tenant_has_no_usage(host: Host) -> None:
    for resource in ("", "/sessions"):
        answer = await host.client.get(f"/api/tenants/nobody/usage/2026-10{resource}")
        assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")


async def test_the_evidence_shows_each_session_with_its_proof_and_each_other_with_its_reason(host: Host) -> None:
    await october(host)
    evidence = await host.shown("usage/2026-10/sessions")
    rows = {row["conversationId"]: row for row in evidence["sessions"]}
    assert evidence["continuation"] is None
    assert {name: row["excluded"] for name, row in rows.items()} == {"c1": None, "c2": None, "c3": None, "c4": "no_bot"}
    # Then a counted one names the fact that proves it, and through what the bot was invoked
    assert rows["c1"]["proof"]["at"] == "2026-10-01T11:00:00Z"
    assert rows["c1"]["proof"]["bot"] == "contoso-bot"
    assert len(rows["c1"]["proof"]["factId"]) == 64
    assert {rows[name]["bots"][0] for name in ("c1", "c2", "c3")} == {"contoso-bot", "+1"}
    assert rows["c4"]["proof"] is None


@pytest.mark.parametrize(("counted", "expected"), [("true", ["c1", "c2", "c3"]), ("false", ["c4"])])
async def test_the_evidence_is_asked_for_by_whether_it_counts(host: Host, counted: str, expected: list[str]) -> None:
    await october(host)
    evidence = await host.shown("usage/2026-10/sessions", counted=counted)
    assert [row["key"] for row in evidence["sessions"]] == expected
    after = await host.shown("usage/2026-10/sessions", counted=counted, continuation=expected[0])
    assert [row["key"] for row in after["sessions"]] == expected[1:]


@pytest.mark.parametrize("counted", ["yes", " ", "True", "1"])
async def test_whether_it_counts_is_true_or_false(host: Host, counted: str) -> None:
    assert paths(await host.client.get(f"{USAGE}/sessions", params={"counted": counted})) == ["counted"]


async def test_a_step_of_a_timer_that_fails_is_logged_and_keeps_no_other_from_running(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a step that fails, and one after it
    done = list[str]()

    async def failing() -> None:
        raise ArchiveUnavailable

    async def following() -> None:
        done.append("following")

    # When a timer runs them, then it fails, for the host to see, and the other one has run
    with pytest.raises(ArchiveUnavailable):
        await timer.run_timer("sweep", failing, following)
    assert done == ["following"]
    # and one line says what failed
    assert [one.getMessage() for one in caplog.records if one.name == timer.__name__] == [
        "sweep failed: archive_unavailable"
    ]


async def test_the_roll_up_writes_a_version_for_each_content(host: Host) -> None:
    # Given a month that was rolled up, twice
    roll_up = function_named("monthly_usage")
    await october(host)
    for _ in range(2):
        await run_timer(roll_up, past_due=False)
    assert (await host.shown("usage/2026-10"))["version"] == 1
    # When its content changes, then the next version is another one
    await host.accepted(EVENTS, conversation("c9", 9))
    await host.drain()
    assert (await host.shown("usage/2026-10"))["version"] == 2
    await run_timer(roll_up, past_due=True)
    assert (await host.shown("usage/2026-10"))["version"] == 2


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("application/json;q=0, text/csv", "text/csv"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("text/csv;q=nonsense", "text/csv"),
    ],
)
def test_the_most_wanted_format_is_answered(accept: str, media_type: str) -> None:
    assert format_named(REPORT_FORMATS, None, accept).media_type == media_type


def test_a_format_that_is_refused_is_not_answered() -> None:
    with pytest.raises(NotAcceptable):
        format_named(REPORT_FORMATS, None, "text/csv;q=0, image/png")


@pytest.mark.parametrize("host", ["2026-09-01T00:00:00Z"], indirect=True)
async def test_the_evidence_shows_what_corrects_closed_months(host: Host) -> None:
    # Given September, which is closed, and a session of it that comes late
    roll_up = function_named("monthly_usage")
    late = [dict(event, time="2026-09-05T11:00:00Z") for event in conversation("c0", 5)]
    await host.accepted(EVENTS, [dict(event, subject="c-1", id="first") for event in late])
    await host.drain()
    await run_timer(roll_up, past_due=False)
    closed = await host.shown("usage/2026-09")
    assert (closed["status"], closed["counted"]) == ("closed", 1)
    await host.accepted(EVENTS, late)
    await october(host)
    # Then September stays, and October has it among its evidence
    assert await host.shown("usage/2026-09") == closed
    evidence = await host.shown("usage/2026-10/sessions")
    assert [(one["conversationId"], one["reason"], one["sessions"]) for one in evidence["corrections"]] == [
        ("c0", "late", 1)
    ]
    assert len(evidence["sessions"]) == 4
    report = await host.shown("usage/2026-10")
    assert (report["counted"], report["corrected"], report["invoiced"], report["rows"]) == (3, 1, 0, 4)
    # and says what September's own pool makes of it
    expected = {"month": "2026-09", "timeZone": "UTC", "before": 1, "after": 2, "pool": 200}
    assert report["due"] == [{**expected, "sessions": 0, "addOns": 0, "byBot": {}}]
    assert report["corrections"] == evidence["corrections"]


async def test_a_month_before_the_first_configuration_takes_no_rows_of_its_own(host: Host) -> None:
    # Given a tenant of October, and a session of September that becomes known then
    early = [dict(event, time="2026-09-05T11:00:00Z") for event in conversation("c0", 5)]
    await host.accepted(EVENTS, early)
    await host.drain()
    # Then September is closed and empty, and October has the session among its corrections
    september, report = await host.shown("usage/2026-09"), await host.shown("usage/2026-10")
    assert (september["status"], september["counted"], september["rows"]) == ("closed", 0, 0)
    assert (report["counted"], report["corrected"], report["invoiced"]) == (0, 1, 0)
    assert [(one["month"], one["before"], one["after"]) for one in report["due"]] == [("2026-09", 0, 1)]
    assert [month["month"] for month in (await host.shown("usage"))["months"]] == ["2026-10"]


@pytest.mark.parametrize(
    ("name", "media_type"), [("csv", "text/csv; charset=utf-8"), ("ndjson", "application/x-ndjson")]
)
async def test_the_evidence_is_offered_as_a_file(host: Host, name: str, media_type: str) -> None:
    await october(host)
    answer = await host.client.get(f"{USAGE}/sessions", params={"format": name})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert "Link" not in answer.headers
    assert len(answer.text.splitlines()) == (5 if name == "csv" else 4)
    # A part that begins later has no header, and only what is asked for
    rest = await host.client.get(f"{USAGE}/sessions", params={"format": name, "counted": "true", "continuation": "c1"})
    assert [line for line in rest.text.splitlines() if re.search(r"\bc[14]\b", line)] == []
    assert len(rest.text.splitlines()) == 2


async def test_a_large_file_comes_in_parts_that_follow_each_other(host: Host) -> None:
    # Given more sessions than a part has
    ledger = host.pipeline.usage.ledger
    await asyncio.gather(*(ledger.post("contoso", row(f"c{n}")) for n in range(10_001)))
    # When each part's link is followed, as long as there is one
    address, text = httpx.URL(f"{USAGE}/sessions", params={"format": "csv", "counted": "true"}), ""
    for _ in range(3):
        answer = await host.client.get(address)
        text += answer.text
        if "next" not in answer.links:
            break
        address = address.join(answer.links["next"]["url"])
    # Then the parts are the file
    assert len({line["key"] for line in csv.DictReader(io.StringIO(text))}) == len(text.splitlines()) - 1 == 10_001


async def test_evidence_in_another_format_is_not_acceptable(host: Host) -> None:
    answer = await host.client.get(f"{USAGE}/sessions", params={"format": "pdf"})
    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")
