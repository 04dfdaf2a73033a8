"""Notes on events as they were sent: members of `data` that their type does not have, and that nothing reads."""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from shared.dialects.notes import Note, common_note
from shared.events.catalog import Event
from shared.near_miss import did_you_mean

_OF_LINES = frozenset(
    ["textFormat", "locale", "speak", "inputHint", "suggestedActions", "attachmentLayout", "replyToId", "value", "name"]
)
"""Members that a line may have beside the declared ones: a transcript shows how it was presented."""
_LONGEST_NAME = 80


def notes_on(event: Event) -> list[Note]:
    """The notes on an event as its sender wrote it."""
    return [note for path, model in _documents(event) if model.model_extra for note in _unknown(path, model, event)]


def _documents(event: Event) -> Iterator[tuple[str, BaseModel]]:
    """`data`, and the documents in it that are no attachments, whose other members are the channel's own."""
    yield "data", event.data
    for name, value in event.data.__dict__.items():
        if isinstance(value, BaseModel):
            yield f"data.{name}", value


def _unknown(path: str, model: BaseModel, event: Event) -> Iterator[Note]:
    extra: Mapping[str, Any] = model.model_extra or {}
    known = _OF_LINES if event.changes_only_transcript and path == "data" else frozenset[str]()
    declared = [str(field.alias) for field in type(model).model_fields.values()]
    for name in extra.keys() - known:
        hint = did_you_mean(name[:_LONGEST_NAME], [*declared, *known])
        yield common_note("unknown_member", f"{path}.{name[:_LONGEST_NAME]}", f"is no member of {event.type}{hint}")
