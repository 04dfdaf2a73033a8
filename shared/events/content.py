"""An event's content: what must be the same where an event comes again."""

from collections.abc import Collection, Mapping
from typing import Any

from shared.events import stamp
from shared.events.envelope import exact_time
from shared.events.notes import NOTES
from shared.events.trace_context import CARRIED

NATIVE_ID = "nativeid"
"""The extension attribute with the channel's id of a line whose event's id is the sender's client's own."""
NO_CONTENT = (*CARRIED, stamp.TIME, stamp.POSITION, stamp.CHANNEL, NOTES, NATIVE_ID)
"""The extension attributes that tell how an event came, which differs each time."""


def content_of(document: Mapping[str, Any]) -> dict[str, Any]:
    """An event's document without the attributes in NO_CONTENT."""
    return {name: value for name, value in document.items() if name not in NO_CONTENT}


def said_in(document: Mapping[str, Any], presentation: Collection[str]) -> dict[str, Any]:
    """What an event's document says: its content with times as moments, however a sender spells them.

    `presentation`: members of `data`, such as `locale` or `author.name`, that may be others when it comes again.
    """
    said = content_of(document)
    said["time"] = exact_time(said["time"])
    data = {name: value for name, value in said["data"].items() if name not in presentation}
    for holder, _, member in (name.partition(".") for name in presentation):
        if isinstance(data.get(holder), dict):
            data[holder] = {name: value for name, value in data[holder].items() if name != member}
    if isinstance(history := data.get("transcript"), list):
        data["transcript"] = [
            {**line, "time": exact_time(line["time"])} if line.get("time") else line for line in history
        ]
    return {**said, "data": data}
