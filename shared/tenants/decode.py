"""The one decoder of configurations: JSON or YAML becomes a `Configuration`, or every mistake is named by its path."""

from typing import Any

from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration, Mistake
from shared.tenants.configuration import Configuration
from shared.tenants.hints import with_hint
from shared.tenants.references import reference_mistakes
from shared.tenants.yaml_document import is_json, parse_yaml, position_of, positions
from shared.wire import parse_json, replace, validate

_ADAPTER: TypeAdapter[Configuration] = TypeAdapter(Configuration)


def decode_configuration(tenant_id: str, body: bytes) -> Configuration:
    """Read a configuration from JSON (a body that begins with `{`) or YAML.

    Raises InvalidConfiguration with every mistake; where the body is YAML, with its line and column.
    """
    document = parse_json(body, InvalidConfiguration, unique_members=True) if is_json(body) else parse_yaml(body)
    try:
        return _decoded(tenant_id, document)
    except InvalidConfiguration as refused:
        known = positions(body)
        mistakes = [replace(one, position=position_of(one.path, known)) for one in refused.mistakes]
    raise InvalidConfiguration(mistakes)


def _decoded(tenant_id: str, document: Any) -> Configuration:
    try:
        configuration = validate(_ADAPTER, document, InvalidConfiguration)
    except InvalidConfiguration as refused:
        mistakes = [with_hint(mistake, document) for mistake in refused.mistakes]
    else:
        mistakes = list(reference_mistakes(configuration))
        if configuration.tenant_id != tenant_id:
            mistakes.append(Mistake("tenantId", f"is {configuration.tenant_id!r}, but the address says {tenant_id!r}"))
        if not mistakes:
            return configuration
    raise InvalidConfiguration(mistakes)
