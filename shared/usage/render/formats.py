"""The formats that a report is offered in, and which one a caller asked for."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from shared.errors import NotAcceptable
from shared.usage.render.csv import render_csv
from shared.usage.report import UsageReport


def render_json(report: UsageReport) -> str:
    """The report as it is specified, every member present."""
    return json.dumps(report.model_dump(mode="json", by_alias=True), ensure_ascii=False)


@dataclass(frozen=True)
class Format:
    """A media type and its renderer."""

    media_type: str
    renderer: Callable[[UsageReport], str]


_FORMATS = {"json": Format("application/json", render_json), "csv": Format("text/csv", render_csv)}


def format_named(name: str | None, accept: str) -> Format:
    """The format asked for by `?format=`, else by `Accept`; JSON where neither says. Raises NotAcceptable."""
    if name is not None:
        if name not in _FORMATS:
            raise NotAcceptable(name, tuple(_FORMATS))
        return _FORMATS[name]
    asked = [part.split(";")[0].strip().lower() for part in accept.split(",") if part.strip()]
    for media_type in asked or ["*/*"]:
        for offered in _FORMATS.values():
            if media_type in (offered.media_type, "*/*", f"{offered.media_type.split('/')[0]}/*"):
                return offered
    raise NotAcceptable(accept, [offered.media_type for offered in _FORMATS.values()])


def render(report: UsageReport, chosen: Format) -> str:
    """The report's text in the chosen format."""
    return chosen.renderer(report)
