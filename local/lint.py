"""Checks a configuration in a file as a PUT would, without a host."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import InvalidConfiguration, Position
from shared.tenants.decode import decode_configuration, read_document
from shared.tenants.lint import lint


def report(file: Path) -> list[str]:
    """One line per mistake, or else per finding: `path: detail (code)`; a mistake about the whole has no path.

    Where the file is YAML, `file:line:column: ` stands before it.
    """
    body = file.read_bytes()
    try:
        configuration = decode_configuration(tenant_named_in(body), body)
    except InvalidConfiguration as refused:
        return [_line(file, one.position, str(one), one.code or refused.code) for one in refused.mistakes]
    places = read_document(body)[1]
    return [
        _line(file, places.position_of(one.path), f"{one.path}: {one.detail}", one.code) for one in lint(configuration)
    ]


def tenant_named_in(body: bytes) -> str:
    """The tenant that the file names; empty if it names none, which the decoder then refuses."""
    document: Any = None
    with suppress(InvalidConfiguration):
        document, _ = read_document(body)
    named = document.get("tenantId") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""


def _line(file: Path, position: Position | None, detail: str, code: str) -> str:
    place = f"{file}:{position.line}:{position.column}: " if position else ""
    return place + " ".join(f"{detail} ({code})".split())
