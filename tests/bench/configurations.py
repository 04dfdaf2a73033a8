"""The configurations of measured tenants: the example's, with other rules where it is said."""

import json
from typing import Any

import yaml

from tests.bench.lifecycle import TENANT
from tests.builders import EXAMPLES


def configuration(tenant: str = TENANT, rules: int | None = None) -> bytes:
    """The example's configuration for a tenant, with its own 3 rules, or so many of 4 conditions.

    Of these only the last rule matches, in its last condition, so that each decision compares all.
    """
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / "contoso.yaml").read_bytes())
    document["tenantId"] = tenant
    stream = document["workStreams"][0]
    stream["contextVariables"].append({"name": "Page", "type": "text"})
    if rules is not None:
        stream["rules"] = [_rule(number, matches=number == rules - 1) for number in range(rules)]
    return json.dumps(document, default=str).encode()


def _rule(number: int, *, matches: bool) -> dict[str, Any]:
    conditions = [
        {"variable": "Page", "operator": "beginsWith", "value": "My card"},
        {"variable": "Page", "operator": "contains", "value": "declined"},
        {"variable": "Page", "operator": "hasData"},
        {"variable": "Age", "operator": "equals", "value": 42 if matches else 1_000 + number},
    ]
    return {"name": f"Rule{number}", "when": {"all": conditions}, "queue": "CreditCardQueue"}
