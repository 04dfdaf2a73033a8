"""The one decoder of configurations: JSON or YAML becomes a `Configuration`, or its mistakes are named by path."""

from typing import Any

from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration, Mistake
from shared.strict_json import first_mistakes, parse_json
from shared.tenants.bounds import MAX_BYTES, bound_mistakes
from shared.tenants.configuration import Configuration
from shared.tenants.hints import with_hint
from shared.tenants.references import reference_mistakes
from shared.tenants.yaml_document import NO_PLACES, Places, is_json, parse_yaml
from shared.wire import replace, validate

_ADAPTER: TypeAdapter[Configuration] = TypeAdapter(Configuration)


def decode_configuration(tenant_id: str, body: bytes) -> Configuration:
    """Read a configuration from JSON (a body that begins with `{`) or YAML.

    Raises InvalidConfiguration with every mistake, up to 100; where the body is YAML, with its line and column.
    """
    if len(body) > MAX_BYTES:
        raise InvalidConfiguration([Mistake("", f"has {len(body)} bytes; a configuration may have {MAX_BYTES}")])
    document, places = read_document(body)
    try:
        return _decoded(tenant_id, document)
    except InvalidConfiguration as refused:
        mistakes = [replace(one, position=places.position_of(one.path)) for one in refused.mistakes]
    raise InvalidConfiguration(mistakes)


def read_document(body: bytes) -> tuple[Any, Places]:
    """The body as JSON or YAML, whatever it says, and where its members stand. Raises InvalidConfiguration."""
    if is_json(body):
        return parse_json(body, InvalidConfiguration, unique_members=True), NO_PLACES
    return parse_yaml(body)


def _decoded(tenant_id: str, document: Any) -> Configuration:
    try:
        configuration = validate(_ADAPTER, document, InvalidConfiguration)
    except InvalidConfiguration as refused:
        mistakes = [with_hint(mistake, document) for mistake in first_mistakes(refused.mistakes)]
    else:
        # What is within the bounds can be checked further in a short time.
        mistakes = first_mistakes(bound_mistakes(configuration)) or first_mistakes(reference_mistakes(configuration))
        if configuration.tenant_id != tenant_id:
            mistakes.append(Mistake("tenantId", f"is {configuration.tenant_id!r}, but the address says {tenant_id!r}"))
        if not mistakes:
            return configuration
    raise InvalidConfiguration(mistakes)
