"""The report as files over HTTP: by name or by `Accept`, under a name of its own, the same figures as the JSON."""

import csv
import io

import openpyxl
import pytest

from shared.usage.render.formats import REPORT_FORMATS, format_named
from tests.functions.hosts import Host, problem
from tests.functions.test_usage_routes import USAGE, october

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pytest.mark.parametrize(
    ("parameters", "accept", "media_type", "name"),
    [
        ({"format": "csv"}, "*/*", "text/csv; charset=utf-8", "usage-contoso-2026-10.csv"),
        ({}, "text/csv", "text/csv; charset=utf-8", "usage-contoso-2026-10.csv"),
        ({"format": "xlsx"}, "*/*", XLSX, "usage-contoso-2026-10.xlsx"),
        ({"format": "xlsx"}, "text/csv", XLSX, "usage-contoso-2026-10.xlsx"),
        ({}, XLSX, XLSX, "usage-contoso-2026-10.xlsx"),
        ({}, f"application/json;q=0.5, {XLSX}", XLSX, "usage-contoso-2026-10.xlsx"),
        ({"format": "focus"}, "*/*", "text/csv; charset=utf-8", "usage-contoso-2026-10-focus.csv"),
    ],
)
async def test_a_file_has_a_name_for_its_tenant_and_month(
    host: Host, parameters: dict[str, str], accept: str, media_type: str, name: str
) -> None:
    answer = await host.client.get(USAGE, params=parameters, headers={"Accept": accept})
    assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)
    assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'


async def test_json_is_shown_and_not_saved(host: Host) -> None:
    answer = await host.client.get(USAGE)
    assert "content-disposition" not in answer.headers


async def test_the_workbook_holds_the_figures_of_the_json(host: Host) -> None:
    await october(host)
    report = await host.shown("usage/2026-10")
    # when the month is downloaded twice as of the same moment (the clock stands still)
    first, second = [await host.client.get(USAGE, params={"format": "xlsx"}) for _ in range(2)]
    # then the bytes are the same
    assert first.content == second.content
    # and the figures are those of the JSON, with the bot's name as it is
    workbook = openpyxl.load_workbook(io.BytesIO(first.content))
    bots = {row[0]: row[1] for row in workbook["Bots"].iter_rows(min_row=2, values_only=True)}
    assert bots == {**report["byBot"], "Total": report["counted"]}
    said = {row[0]: row[1] for row in workbook["Summary"].iter_rows(values_only=True)}
    assert (said["SHA-256"], said["As of"], said["Counted"]) == (report["sha256"], report["asOf"], report["counted"])


async def test_focus_holds_the_sessions_of_the_json(host: Host) -> None:
    await october(host)
    report = await host.shown("usage/2026-10")
    answer = await host.client.get(USAGE, params={"format": "focus"})
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert sum(int(row["ConsumedQuantity"]) for row in rows) == report["counted"]
    assert {row["x_ReportSha256"] for row in rows} == {report["sha256"]}


@pytest.mark.parametrize("name", ["csv", "xlsx", "focus"])
@pytest.mark.parametrize("month", ["1000-01", "1900-01", "9999-12"])
async def test_every_month_has_every_file(host: Host, name: str, month: str) -> None:
    answer = await host.client.get(f"/api/tenants/contoso/usage/{month}", params={"format": name})
    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["XLSX", "xls", "focus-1.2", "html2"])
async def test_another_name_is_not_acceptable_and_the_names_are_listed(host: Host, name: str) -> None:
    answer = await host.client.get(USAGE, params={"format": name})
    assert (answer.status_code, problem(answer)["code"]) == (406, "not_acceptable")
    assert all(known in problem(answer)["detail"] for known in ("json", "csv", "xlsx", "focus"))


def test_each_media_type_is_offered_once() -> None:
    # FOCUS is CSV too, and asked for by name
    assert format_named(REPORT_FORMATS, None, "text/*").file_ending == ".csv"
    assert format_named(REPORT_FORMATS, "focus", "text/*").file_ending == "-focus.csv"
