"""Checks a configuration in a file as a PUT would, without a host."""

from contextlib import suppress
from pathlib import Path
from typing import Any

from shared.errors import InvalidConfiguration, Position
from shared.tenants.decode import decode_configuration
from shared.tenants.lint import lint
from shared.tenants.yaml_document import parse_yaml, position_of, positions
from shared.wire import parse_json


def report(file: Path) -> list[str]:
    """One line per mistake, or else per finding: `path: detail (code)`; a mistake about the whole has no path.

    Where the file is YAML, `file:line:column: ` stands before it.
    """
    body = file.read_bytes()
    try:
        configuration = decode_configuration(tenant_named_in(body), body)
    except InvalidConfiguration as refused:
        return [_line(file, one.position, str(one), one.code or refused.code) for one in refused.mistakes]
    known = positions(body)
    return [
        _line(file, position_of(one.path, known), f"{one.path}: {one.detail}", one.code) for one in lint(configuration)
    ]


def tenant_named_in(body: bytes) -> str:
    """The tenant that the file names; empty if it names none, which the decoder then refuses."""
    document: Any = None
    with suppress(InvalidConfiguration):
        document = parse_json(body, InvalidConfiguration)
    if document is None:
        with suppress(InvalidConfiguration):
            document = parse_yaml(body)
    named = document.get("tenantId") if isinstance(document, dict) else None
    return named if isinstance(named, str) else ""


def _line(file: Path, position: Position | None, detail: str, code: str) -> str:
    place = f"{file}:{position.line}:{position.column}: " if position else ""
    return place + " ".join(f"{detail} ({code})".split())
