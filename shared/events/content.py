"""An event's content: what must be the same where an event comes again."""

from collections.abc import Mapping
from typing import Any

from shared.events import stamp
from shared.events.notes import NOTES
from shared.events.trace_context import CARRIED

NATIVE_ID = "nativeid"
"""The extension attribute with the channel's id of a line whose event's id is the sender's client's own."""
NO_CONTENT = (*CARRIED, stamp.TIME, stamp.POSITION, stamp.CHANNEL, NOTES, NATIVE_ID)
"""The extension attributes that tell how an event came, which differs each time."""


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """An event's document without the attributes in NO_CONTENT."""
    return {name: value for name, value in document.items() if name not in NO_CONTENT}
