"""A webhook's body taken apart: entries hold changes, and a change holds messages, echoes or reports of statuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import InvalidActivity, Mistake

OBJECT = "whatsapp_business_account"
Kind = Literal["message", "echo", "status", "change"]
_LISTS: Mapping[str, tuple[tuple[str, Kind], ...]] = {
    "messages": (("messages", "message"), ("statuses", "status")),
    "smb_message_echoes": (("message_echoes", "echo"),),
}
"""What a change of a field holds, in which list."""


@dataclass(frozen=True)
class Native:
    """One message, echo or report of a body, with the change's value that it stands in; or a change of another kind."""

    kind: Kind
    item: Any
    value: Mapping[str, Any]


@dataclass(frozen=True)
class Broken:
    """A part of the body in which a member is missing or wrong: it alone is refused."""

    member: str
    reason: str


def natives_in(document: Any) -> list[tuple[str, Native | Broken]]:
    """Each message, echo and report, with its path. Raises InvalidActivity if the body is no webhook of WhatsApp."""
    if not isinstance(document, dict) or document.get("object") != OBJECT:
        raise InvalidActivity([Mistake("object", f"is not {OBJECT!r}")])
    entries = document.get("entry")
    if not isinstance(entries, list):
        raise InvalidActivity([Mistake("entry", "is missing, or no list")])
    return [found for n, entry in enumerate(entries) for found in _in_entry(entry, f"entry[{n}]")]


def _in_entry(entry: Any, path: str) -> Iterator[tuple[str, Native | Broken]]:
    changes = entry.get("changes") if isinstance(entry, dict) else None
    if not isinstance(changes, list):
        yield path, Broken("changes", "is missing, or no list")
        return
    for n, change in enumerate(changes):
        yield from _in_change(change, f"{path}.changes[{n}]")


def _in_change(change: Any, path: str) -> Iterator[tuple[str, Native | Broken]]:
    value = change.get("value") if isinstance(change, dict) else None
    if not isinstance(value, dict):
        yield path, Broken("value", "is missing, or no object")
        return
    lists = [(name, kind) for name, kind in _LISTS.get(str(change.get("field")), ()) if name in value]
    for name, kind in lists:
        if not isinstance(value[name], list):
            yield path, Broken(f"value.{name}", "is no list")
            continue
        for n, item in enumerate(value[name]):
            yield f"{path}.value.{name}[{n}]", Native(kind, item, value)
    if not lists:
        yield path, Native("change", change, value)
