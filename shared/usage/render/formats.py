"""The formats that a report and the list of months are offered in, and which one a caller asked for."""

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
from shared.usage.report import UsageReport
from shared.wire import WireModel

T = TypeVar("T", bound=WireModel)

_NOTHING_MORE: Mapping[str, str] = MappingProxyType({})


def render_json(document: WireModel) -> str:
    """The document as it is specified, every member present."""
    return json.dumps(document.model_dump(mode="json", by_alias=True), ensure_ascii=False)


@dataclass(frozen=True)
class Format(Generic[T]):
    """A media type, its renderer, and how the name of a file in it ends (None: it is shown rather than saved).

    `headers` say what a browser may do with it.
    """

    media_type: str
    renderer: Callable[[T, Reader], str | bytes]
    file_ending: str | None = None
    headers: Callable[[], Mapping[str, str]] = lambda: _NOTHING_MORE


def _for_every_reader(renderer: Callable[[T], str | bytes]) -> Callable[[T, Reader], str | bytes]:
    """A renderer of what is the same in every locale."""
    return lambda document, _: renderer(document)


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
REPORT_FORMATS: Mapping[str, Format[UsageReport]] = {
    "json": Format("application/json", _for_every_reader(render_json)),
    "csv": Format("text/csv", _for_every_reader(render_csv), ".csv"),
    "xlsx": Format(_XLSX, _for_every_reader(render_xlsx), ".xlsx"),
    # The same media type as CSV, so it is asked for by name only.
    "focus": Format("text/csv", _for_every_reader(render_focus), "-focus.csv"),
    "html": Format("text/html", render_page, headers=page_headers),
}
"""By name; where several fit what is asked for, the first is answered."""

OVERVIEW_FORMATS: Mapping[str, Format[UsageOverview]] = {
    "json": Format("application/json", _for_every_reader(render_json)),
    "html": Format("text/html", render_overview, headers=page_headers),
}


def format_named(formats: Mapping[str, Format[T]], name: str | None, accept: str) -> Format[T]:
    """The format asked for by `?format=`, else by `Accept`; JSON where neither says. Raises NotAcceptable."""
    if name is not None:
        if name not in formats:
            raise NotAcceptable(name, tuple(formats))
        return formats[name]
    for media_type in preferred(accept) if accept.strip() else ["*/*"]:
        for offered in formats.values():
            if media_type in (offered.media_type, "*/*", f"{offered.media_type.split('/')[0]}/*"):
                return offered
    raise NotAcceptable(accept, list(dict.fromkeys(offered.media_type for offered in formats.values())))


def file_name(report: UsageReport, chosen: Format[UsageReport]) -> str | None:
    """What a browser calls the file: `usage-contoso-2026-10.csv`. Tenants' names need no quoting."""
    return None if chosen.file_ending is None else f"usage-{report.tenant_id}-{report.month}{chosen.file_ending}"
