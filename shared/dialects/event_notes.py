"""Notes on events as they were sent: members of `data` that their type does not have, and that nothing reads."""

from collections.abc import Iterator
from functools import cache
from types import UnionType
from typing import get_args

from shared.dialects.notes import Note, common_note
from shared.events.catalog import Event
from shared.events.notes import MOST_NOTES
from shared.near_miss import did_you_mean
from shared.wire import WireModel

_OF_LINES = frozenset(
    ["textFormat", "locale", "speak", "inputHint", "suggestedActions", "attachmentLayout", "replyToId", "value", "name"]
)
"""Members that a line may have beside the declared ones: a transcript shows how it was presented."""
_NONE = frozenset[str]()
_LONGEST_NAME = 80


def notes_on(event: Event) -> list[Note]:
    """The notes on an event as its sender wrote it. Attachments have other members of their channels' own."""
    data = event.data
    notes = [*_unknown("data", data, event)] if data.model_extra else []
    for name, alias in _documents(type(data)):
        document = getattr(data, name)
        if document is not None and document.model_extra:
            notes += _unknown(f"data.{alias}", document, event)
    return [*notes, *_almost_private(event)] if event.history else notes


# Nearly no event has such a member, and each one is looked at.
@cache
def _documents(data: type[WireModel]) -> tuple[tuple[str, str], ...]:
    """The members that are documents themselves: their names here and on the wire."""
    found = []
    for name, member in data.model_fields.items():
        kinds = get_args(member.annotation) if isinstance(member.annotation, UnionType) else (member.annotation,)
        if any(isinstance(kind, type) and issubclass(kind, WireModel) for kind in kinds):
            found.append((name, str(member.alias)))
    return tuple(found)


def _unknown(path: str, model: WireModel, event: Event) -> Iterator[Note]:
    known = _OF_LINES if event.changes_only_transcript and path == "data" else _NONE
    declared = [str(field.alias) for field in type(model).model_fields.values()]
    for name in sorted((model.model_extra or {}).keys() - known)[:MOST_NOTES]:
        hint = did_you_mean(name[:_LONGEST_NAME], [*declared, *known])
        yield common_note("unknown_member", f"{path}.{name[:_LONGEST_NAME]}", f"is no member of {event.type}{hint}")


def _almost_private(event: Event) -> Iterator[Note]:
    """A note on the first member of a history's line that is almost `visibility`, if there is one.

    Other unknown members of these lines are the channels' own.
    """
    named = [(n, name) for n, line in enumerate(event.history) if line.model_extra for name in line.almost_visibility()]
    if named:
        (n, name), *others = named
        more = f" (and the same for {len(others)} more)" if others else ""
        reason = f"is no member of a line; did you mean 'visibility'?{more}"
        yield common_note("unknown_member", f"data.transcript[{n}].{name[:_LONGEST_NAME]}", reason)
