"""A webhook's body taken apart: entries hold changes, and a change holds messages, echoes or reports of statuses."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
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
class Contacts:
    """The customers that a change names, by their numbers and by Meta's ids of them; `only`: its only one, if
    all its messages are of one sender."""

    by_id: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    only: dict[str, Any] = field(default_factory=dict)

    def of(self, *ids: str | None) -> dict[str, Any]:
        """The contact with the first of these ids that is known, else the only one; empty if there is none."""
        return next((self.by_id[one] for one in ids if one and one in self.by_id), self.only)


@dataclass(frozen=True)
class Native:
    """One message, echo or report of a body, or a change of another kind.

    `number_id`: Meta's id of the business's telephone number, as the change names it.
    """

    kind: Kind
    item: Any
    number_id: Any = None
    contacts: Contacts = field(default_factory=Contacts)


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
    metadata = value.get("metadata")
    number_id = metadata.get("phone_number_id") if isinstance(metadata, dict) else None
    lists = [(name, kind) for name, kind in _LISTS.get(str(change.get("field")), ()) if name in value]
    contacts = _contacts(value.get("contacts"), _senders([value[name] for name, _ in lists]))
    for name, kind in lists:
        if not isinstance(value[name], list):
            yield path, Broken(f"value.{name}", "is no list")
            continue
        for n, item in enumerate(value[name]):
            yield f"{path}.value.{name}[{n}]", Native(kind, item, number_id, contacts)
    if not lists:
        yield path, Native("change", change)


def _senders(lists: list[Any]) -> int:
    """How many customers wrote the messages of a change, by what it calls them."""
    items = [item for given in lists if isinstance(given, list) for item in given if isinstance(item, dict)]
    return len({str(item.get("from")) for item in items})


def _contacts(given: Any, senders: int) -> Contacts:
    contacts = [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []
    alone = len(contacts) == 1 and senders <= 1
    pairs = ((one.get(member), one) for one in contacts for member in ("user_id", "wa_id"))
    return Contacts({name: one for name, one in pairs if isinstance(name, str)}, contacts[0] if alone else {})
