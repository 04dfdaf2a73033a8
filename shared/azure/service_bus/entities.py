"""The topic and its subscriptions as `shared/events/bus.py` defines them, in the format of the official emulator.

`python -m shared.azure.service_bus.entities > infra/emulators/service-bus.json` writes it anew. The templates read that
file, too.
"""

import json
import sys
from typing import Any

from shared.events.bus import MAX_DELIVERY_COUNT, SUBSCRIPTIONS, TOPIC, UNROUTED

LOCK_DURATION = "PT1M"
"""How long a message is locked for a receiver that does not renew the lock, such as a process that died."""

_MAX_LIFE = "PT1H"
"""The longest that the emulator keeps a message."""


def unrouted_filter() -> str:
    """The SQL filter of the subscription for all messages that no other subscription gets."""
    types = ", ".join(f"'{type_}'" for type_ in SUBSCRIPTIONS.values())
    return f"sys.Label IS NULL OR sys.Label NOT IN ({types})"


def emulator_configuration() -> dict[str, Any]:
    """The emulator's `Config.json`: the one topic, each subscription with its one rule."""
    rules: dict[str, dict[str, Any]] = {
        name: {"FilterType": "Correlation", "CorrelationFilter": {"Label": type_}}
        for name, type_ in SUBSCRIPTIONS.items()
    }
    rules[UNROUTED] = {"FilterType": "Sql", "SqlFilter": {"SqlExpression": unrouted_filter()}}
    topic = {
        "Name": TOPIC,
        "Properties": {"DefaultMessageTimeToLive": _MAX_LIFE, "RequiresDuplicateDetection": False},
        "Subscriptions": [_subscription(name, rule) for name, rule in rules.items()],
    }
    namespace = {"Name": "sbemulatorns", "Queues": [], "Topics": [topic]}
    return {"UserConfig": {"Namespaces": [namespace], "Logging": {"Type": "Console"}}}


def rendered() -> str:
    """The content of the configuration's file."""
    return json.dumps(emulator_configuration(), indent=2) + "\n"


def _subscription(name: str, rule: dict[str, Any]) -> dict[str, Any]:
    return {
        "Name": name,
        "Properties": {
            "DeadLetteringOnMessageExpiration": True,
            "DefaultMessageTimeToLive": _MAX_LIFE,
            "LockDuration": LOCK_DURATION,
            "MaxDeliveryCount": MAX_DELIVERY_COUNT,
            "RequiresSession": False,
        },
        "Rules": [{"Name": name, "Properties": rule}],
    }


if __name__ == "__main__":
    sys.stdout.write(rendered())
