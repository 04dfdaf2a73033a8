"""The formats of a report and of the list of months, and choosing the one that a request asks for."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Generic, TypeVar

from shared.errors import NotAcceptable
from shared.usage.overview import UsageOverview
from shared.usage.render.csv import render_csv
from shared.usage.render.focus import render_focus
from shared.usage.render.page import page_headers, render_overview, render_page
from shared.usage.render.preference import preferred
from shared.usage.render.writing import Reader
from shared.usage.render.xlsx import render_xlsx
from shared.usage.report import MonthDocument, UsageReport
from shared.wire import ExactModel

T = TypeVar("T")

_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


def render_json(document: ExactModel) -> str:
    """The document's JSON, with every member present."""
    return json.dumps(document.model_dump(mode="json", by_alias=True), ensure_ascii=False)


@dataclass(frozen=True)
class Format(Generic[T]):
    """A media type and its renderer. A saved file's name ends in `file_ending`; None: a browser shows the document.

    `headers` gives response headers that restrict what a browser does with it.
    """

    media_type: str
    renderer: Callable[[T, Reader], str | bytes]
    file_ending: str | None = None
    headers: Callable[[], Mapping[str, str]] = lambda: _NO_HEADERS


def _for_every_reader(renderer: Callable[[T], str | bytes]) -> Callable[[T, Reader], str | bytes]:
    """Turns a renderer that needs no locale into one that takes a reader."""
    return lambda document, _: renderer(document)


def _of_report(renderer: Callable[[UsageReport], str | bytes]) -> Callable[[MonthDocument, Reader], str | bytes]:
    """The same for a renderer that needs nothing but the month's report."""
    return lambda month, _: renderer(month.report)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_FORMATS: Mapping[str, Format[MonthDocument]] = {
    "json": Format("application/json", _of_report(render_json)),
    "csv": Format("text/csv", _of_report(render_csv), ".csv"),
    "xlsx": Format(_XLSX, _of_report(render_xlsx), ".xlsx"),
    # The media type is that of CSV, so this format is chosen by name only.
    "focus": Format("text/csv", _of_report(render_focus), "-focus.csv"),
    "html": Format(
        "text/html", lambda month, reader: render_page(month.report, reader, month.first_month), headers=page_headers
    ),
}
"""By name. If several match an `Accept` header, the first is chosen."""

OVERVIEW_FORMATS: Mapping[str, Format[UsageOverview]] = {
    "json": Format("application/json", _for_every_reader(render_json)),
    "html": Format("text/html", render_overview, headers=page_headers),
}


def format_named(formats: Mapping[str, Format[T]], name: str | None, accept: str) -> Format[T]:
    """The format named by `?format=`, else the best for `Accept`, else JSON. Raises NotAcceptable if none matches."""
    if name is not None:
        if name not in formats:
            raise NotAcceptable(name, tuple(formats))
        return formats[name]
    for media_type in preferred(accept) if accept.strip() else ["*/*"]:
        for offered in formats.values():
            if media_type in (offered.media_type, "*/*", f"{offered.media_type.split('/')[0]}/*"):
                return offered
    raise NotAcceptable(accept, list(dict.fromkeys(offered.media_type for offered in formats.values())))


def file_name(report: UsageReport, chosen: Format[MonthDocument]) -> str | None:
    """The name of the saved file, such as `usage-contoso-2026-10.csv`. Tenants' names need no quoting."""
    return None if chosen.file_ending is None else f"usage-{report.tenant_id}-{report.month}{chosen.file_ending}"
