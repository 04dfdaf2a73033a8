"""What of an activity says nothing: how it is shown, and how it was delivered. A redelivery may have it otherwise."""

from collections.abc import Mapping
from typing import Any

from shared.events.envelope import exact_time

PRESENTATION = frozenset(["attachmentLayout", "inputHint", "locale", "textFormat"])
"""Members about how a message is shown, which are kept in its line."""
_DELIVERY = frozenset(["callerId", "localTimestamp", "localTimezone", "rawTimestamp", "serviceUrl"])


def said_by(native: Mapping[str, Any]) -> dict[str, Any]:
    """What the activity says, however it is shown and its time is spelled: the same each time it comes."""
    said = {name: value for name, value in native.items() if name not in PRESENTATION | _DELIVERY}
    time = said.get("timestamp")
    try:
        return {**said, "timestamp": exact_time(time)} if isinstance(time, str) else said
    except ValueError:  # no time, which is refused where it is needed
        return said
