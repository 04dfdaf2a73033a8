"""The one decoder of configurations: JSON or YAML becomes a `Configuration`, or every mistake is named by its path."""

from pydantic import TypeAdapter

from shared.errors import InvalidConfiguration, Mistake
from shared.tenants.configuration import Configuration
from shared.tenants.references import reference_mistakes
from shared.tenants.yaml_document import parse_yaml
from shared.wire import parse_json, validate

_ADAPTER: TypeAdapter[Configuration] = TypeAdapter(Configuration)


def decode_configuration(tenant_id: str, body: bytes) -> Configuration:
    """Read a configuration from JSON (a body that begins with `{`) or YAML.

    Raises InvalidConfiguration with every mistake.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        document = parse_json(body, InvalidConfiguration, unique_members=True)
    else:
        document = parse_yaml(body)
    configuration = validate(_ADAPTER, document, InvalidConfiguration)
    mistakes = list(reference_mistakes(configuration))
    if configuration.tenant_id != tenant_id:
        mistakes.append(Mistake("tenantId", f"is {configuration.tenant_id!r}, but the address says {tenant_id!r}"))
    if mistakes:
        raise InvalidConfiguration(mistakes)
    return configuration
