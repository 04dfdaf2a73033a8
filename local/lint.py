"""Checks a configuration in a file as a PUT would, without a host."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import InvalidConfiguration, Position
from shared.tenants.decode import decode_configuration, read_document
from shared.tenants.lint import lint


def report(file: Path) -> list[str]:
    """One line per mistake, or else per finding, from the top of the file down: `path: detail (code)`.

    A mistake about the whole has no path. Where the file is YAML, `file:line:column: ` stands before it.
    """
    body = file.read_bytes()
    try:
        configuration = decode_configuration(tenant_named_in(body), body)
    except InvalidConfiguration as refused:
        mistakes = sorted(refused.mistakes, key=lambda one: _place(one.path, one.position))
        return [_line(file, one.position, str(one), one.code or refused.code) for one in mistakes]
    places = read_document(body)[1]
    found = [(places.position_of(one.path), one) for one in lint(configuration)]
    found.sort(key=lambda one: _place(one[1].path, one[0]))
    return [_line(file, position, f"{one.path}: {one.detail}", one.code) for position, one in found]


def tenant_named_in(body: bytes) -> str:
    """The tenant that the file names; empty if it names none, which the decoder then refuses."""
    document: Any = None
    with suppress(InvalidConfiguration):
        document, _ = read_document(body)
    named = document.get("tenantId") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""


def _place(path: str, position: Position | None) -> tuple[bool, bool, Position]:
    """From the top of the file to its end; then what stands nowhere in it, and what is of the whole file."""
    return path == "", position is None, position or Position(0, 0)


def _line(file: Path, position: Position | None, detail: str, code: str) -> str:
    place = f"{file}:{position.line}:{position.column}: " if position else ""
    return place + " ".join(f"{detail} ({code})".split())
