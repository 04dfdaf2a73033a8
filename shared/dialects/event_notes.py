"""Notes on events as they were sent: members of `data` that their type does not have, and that nothing reads."""

from collections.abc import Iterator

from shared.dialects.notes import Note, common_note
from shared.events.catalog import Event
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
    # Nearly no event has such a member, and each one is looked at.
    for name, value in data.__dict__.items():
        if isinstance(value, WireModel) and value.model_extra:
            notes += _unknown(f"data.{name}", value, event)
    return notes


def _unknown(path: str, model: WireModel, event: Event) -> Iterator[Note]:
    known = _OF_LINES if event.changes_only_transcript and path == "data" else _NONE
    declared = [str(field.alias) for field in type(model).model_fields.values()]
    for name in sorted((model.model_extra or {}).keys() - known):
        hint = did_you_mean(name[:_LONGEST_NAME], [*declared, *known])
        yield common_note("unknown_member", f"{path}.{name[:_LONGEST_NAME]}", f"is no member of {event.type}{hint}")
