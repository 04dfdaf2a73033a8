"""Checks a configuration in a file as a PUT would, without a host."""

from contextlib import suppress
from typing import Any

from shared.errors import InvalidConfiguration
from shared.tenants.decode import decode_configuration
from shared.tenants.lint import lint
from shared.tenants.yaml_document import parse_yaml
from shared.wire import parse_json


def report(body: bytes) -> list[str]:
    """One line per mistake, or else per finding: `path: detail (code)`; a mistake about the whole has no path."""
    try:
        configuration = decode_configuration(tenant_named_in(body), body)
    except InvalidConfiguration as refused:
        return [_line(str(mistake), mistake.code or refused.code) for mistake in refused.mistakes]
    return [_line(f"{finding.path}: {finding.detail}", finding.code) for finding in lint(configuration)]


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


def _line(detail: str, code: str) -> str:
    return " ".join(f"{detail} ({code})".split())
