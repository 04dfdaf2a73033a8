"""What a conversation keeps of the values that its facts give to variables, so that its head stays small. Pure.

The facts keep all of it. What is left out here is told by a warning.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic_core import to_json

from shared.conversations.conversation import Conversation, WarningCode
from shared.events.envelope import format_time
from shared.routing.context_variable import MAX_TEXT, MAX_VARIABLES, Assignment
from shared.tenants.configuration import Configuration
from shared.wire import replace

MAX_NAME = 100
"""Characters of a variable's name: no work stream declares a longer one."""
MAX_VALUE_BYTES = 16 * 1024
"""Bytes of a value that is no text, as JSON. No condition can use a list or an object, of whatever size."""
MAX_BYTES = 512 * 1024
"""Bytes of all variables of a conversation together: more than one event can give."""
MAX_EARLY_BYTES = 32 * 1024
"""Bytes of the variables of one early escalation."""
_BESIDE = 250
"""Bytes that an assignment takes beside its name, its value and who set it."""


def with_variables(
    conversation: Conversation,
    values: Mapping[str, Any],
    given_by: str,
    at: datetime,
    fact_id: str,
    configuration: Configuration,
) -> Conversation:
    """The conversation with the values that the fact of this id and time gives to variables."""
    if not values:
        return conversation
    stream = configuration.work_stream(conversation.work_stream)
    assignments, time, told = dict(conversation.assignments), format_time(at), _Told()
    room = MAX_BYTES - sum(map(_size, assignments.values()))
    for name, given in values.items():
        known = assignments.get(name)
        if known is None and len(assignments) == MAX_VARIABLES:
            told.of("too_many_variables", f"{name} is not kept: a conversation has at most {MAX_VARIABLES} variables")
            continue
        value = _kept(given)
        assignment = Assignment(name=name, value=value, at=time, fact_id=fact_id, set_by=given_by)
        room += _size(known) if known else 0
        if len(name) > MAX_NAME or (size := _size(assignment)) > room:
            # The value before would be taken for the present one.
            assignments.pop(name, None)
            told.of("variable_too_large", f"{name} is not kept: its name, or all variables together, are too large")
            continue
        room -= size
        assignments[name] = assignment
        if value is not given:
            told.of("variable_too_large", f"{name} is kept in part: its value has {_length(given)}")
        # Without a start there is no work stream yet, and no declaration to compare with. The start is folded first.
        if stream is not None and (why := stream.declared.complaint(assignment)):
            # Only the first is told, so no other is looked up among all that are declared.
            told.of("unusable_variable", why if told.knows("unusable_variable") else why + stream.declared.hint(name))
    return told.on(replace(conversation, assignments=assignments))


def kept_early(conversation: Conversation, values: Mapping[str, Any]) -> tuple[Conversation, dict[str, Any]]:
    """What is kept of the values of an early escalation, and the conversation with a warning of what is not."""
    kept: dict[str, Any] = {}
    room, told = MAX_EARLY_BYTES, _Told()
    for name, given in values.items():
        value = _kept(given)
        size = len(to_json({name: value}))
        if len(name) > MAX_NAME or len(kept) == MAX_VARIABLES or size > room:
            told.of("variable_too_large", f"{name} of an early escalation is not kept")
            continue
        room -= size
        kept[name] = value
    return told.on(conversation), kept


class _Told:
    """Warnings, counted by their codes, so that a thousand of one are told at once."""

    def __init__(self) -> None:
        self._told: dict[WarningCode, tuple[str, int]] = {}

    def knows(self, code: WarningCode) -> bool:
        return code in self._told

    def of(self, code: WarningCode, detail: str) -> None:
        first, count = self._told.get(code, (detail, 0))
        self._told[code] = first, count + 1

    def on(self, conversation: Conversation) -> Conversation:
        for code, (detail, count) in self._told.items():
            conversation = conversation.with_warning(code, detail, count)
        return conversation


def _kept(value: Any) -> Any:
    """The value, or the beginning of one that is too large, which conditions cannot use either."""
    if isinstance(value, str):
        return value if len(value) <= MAX_TEXT else value[: MAX_TEXT + 1]
    if not isinstance(value, dict | list):
        return value
    written = to_json(value)
    return value if len(written) <= MAX_VALUE_BYTES else written.decode()[: MAX_TEXT + 1]


def _length(value: Any) -> str:
    return f"{len(value)} characters" if isinstance(value, str) else f"{len(to_json(value))} bytes"


def _size(assignment: Assignment) -> int:
    """The bytes that the assignment takes in a head, at most: the name stands there twice."""
    return _BESIDE + len(to_json((assignment.name, assignment.name, assignment.value, assignment.set_by)))
