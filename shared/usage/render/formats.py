"""The formats that a report is offered in, and which one a caller asked for."""

import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import NotAcceptable
from shared.usage.render.csv import render_csv
from shared.usage.render.focus import render_focus
from shared.usage.render.xlsx import render_xlsx
from shared.usage.report import UsageReport


def render_json(report: UsageReport) -> str:
    """The report as it is specified, every member present."""
    return json.dumps(report.model_dump(mode="json", by_alias=True), ensure_ascii=False)


@dataclass(frozen=True)
class Format:
    """A media type, its renderer, and how the name of a file in it ends (None: it is shown rather than saved)."""

    media_type: str
    renderer: Callable[[UsageReport], str | bytes]
    file_ending: str | None = None

    def file_name(self, report: UsageReport) -> str | None:
        """What a browser calls the file: `usage-contoso-2026-10.csv`. Tenants' names need no quoting."""
        return None if self.file_ending is None else f"usage-{report.tenant_id}-{report.month}{self.file_ending}"


_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_FORMATS = {
    "json": Format("application/json", render_json),
    "csv": Format("text/csv", render_csv, ".csv"),
    "xlsx": Format(_XLSX, render_xlsx, ".xlsx"),
    # The same media type as CSV, so it is asked for by name only.
    "focus": Format("text/csv", render_focus, "-focus.csv"),
}
"""By name; where several fit what is asked for, the first is answered."""


def format_named(name: str | None, accept: str) -> Format:
    """The format asked for by `?format=`, else by `Accept`; JSON where neither says. Raises NotAcceptable."""
    if name is not None:
        if name not in _FORMATS:
            raise NotAcceptable(name, tuple(_FORMATS))
        return _FORMATS[name]
    asked = _media_types(accept)
    for media_type in asked if accept.strip() else ["*/*"]:
        for offered in _FORMATS.values():
            if media_type in (offered.media_type, "*/*", f"{offered.media_type.split('/')[0]}/*"):
                return offered
    raise NotAcceptable(accept, list(dict.fromkeys(offered.media_type for offered in _FORMATS.values())))


def _media_types(accept: str) -> list[str]:
    """The media types of an `Accept` header (RFC 9110), the most wanted first; refused ones are left out."""
    wanted: list[tuple[float, str]] = []
    for part in accept.split(","):
        media_type, *parameters = (piece.strip().lower() for piece in part.split(";"))
        given = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        quality = float(given) if re.fullmatch(r"[01](\.[0-9]{0,3})?", given) else 1.0
        if media_type and quality > 0:
            wanted.append((quality, media_type))
    return [media_type for _, media_type in sorted(wanted, key=lambda one: -one[0])]


def render(report: UsageReport, chosen: Format) -> str | bytes:
    """The report in the chosen format: text, or the bytes of a file."""
    return chosen.renderer(report)
