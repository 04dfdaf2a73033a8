"""What an ingress noted while it read an event: codes and paths, without any text of the sender.

An extension attribute carries it, `ingressnotes`, a JSON text. A webhook and the route `events` write it over whatever
the sender wrote there; on the bus it is believed. It is no content: another version may read the same event otherwise.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from shared.errors import InvalidEvent
from shared.strict_json import canonical_json, parse_json

NOTES = "ingressnotes"
MOST_NOTES = 20
"""Notes of one event that are kept: the first ones."""
_LONGEST_PATH = 120
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")


class EventNote(NamedTuple):
    """One note: its code, and the path of the member in what was sent."""

    code: str
    path: str


def notes_attribute(notes: Iterable[EventNote]) -> dict[str, str]:
    """The extension attribute that carries these notes; empty without one."""
    kept = [[note.code, note.path[:_LONGEST_PATH]] for note in dict.fromkeys(notes)][:MOST_NOTES]
    return {NOTES: canonical_json(kept)} if kept else {}


def notes_of(carrier: Mapping[str, Any]) -> Sequence[EventNote]:
    """The notes in an event's attributes; none if the attribute is absent or malformed."""
    text = carrier.get(NOTES)
    if not isinstance(text, str):
        return ()
    try:
        written = parse_json(text.encode(), InvalidEvent)
    except InvalidEvent:
        return ()
    return [
        EventNote(*each)
        for each in (written[:MOST_NOTES] if isinstance(written, list) else ())
        if isinstance(each, list) and len(each) == 2 and all(isinstance(part, str) for part in each)
        if _CODE.fullmatch(each[0]) and len(each[1]) <= _LONGEST_PATH
    ]
