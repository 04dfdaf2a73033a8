"""The payload doctor's findings: each code with its severity and its remedy."""

from typing import Literal

from shared.dialects.foreign import ForeignCode
from shared.dialects.notes import NOTHING, Note, NoteKinds, Severity
from shared.dialects.registry import DIALECTS, NOTE_KINDS
from shared.wire import ExactModel

ConfigurationCode = Literal[
    "channel_assumed",
    "context_value_unusable",
    "escalation_to_a_bot",
    "escalation_without_effect",
    "fallback_queue",
    "kept_apart",
    "no_channel",
    "system_variables",
    "time_finer_than_microseconds",
    "time_in_future",
    "time_missing",
    "undeclared_variable",
    "unknown_agent",
    "unknown_bot",
    "unknown_channel",
    "unknown_work_stream",
    "value_near_miss",
    "variable_of_another_type",
]
"""Codes of findings that depend on the tenant's configuration, on the clock, or on an event's size."""

RefusedCode = Literal[
    "event_too_large",
    "invalid_activity",
    "invalid_event",
    "reserved_source",
    "too_late",
    "unknown_account",
]
"""Codes of the errors with which an ingress refuses a body."""

DialectCode = Literal["unknown_dialect", "wrong_dialect"]
"""Codes for a body that is unknown, or that the named account does not read."""

OwnCode = ConfigurationCode | RefusedCode | DialectCode | ForeignCode

_PAYLOADS = [dialect.payload for dialect in DIALECTS]
_OWN: NoteKinds = {
    "channel_assumed": ("info", "Name the account and the channel: then it is read as at their webhook."),
    "context_value_unusable": ("warning", "Send text of at most 4,000 characters, or a whole number."),
    "escalation_to_a_bot": ("warning", "Send the variables that lead to people; declare the bot that escalates."),
    "escalation_without_effect": ("warning", "Let the bot work in a push work stream."),
    "event_grid_schema": ("error", "Create the event subscription with the CloudEvents schema 1.0."),
    "event_too_large": ("error", "Shorten the member that is named; texts, attachments and transcripts may be large."),
    "fallback_queue": ("warning", "Send the context variables that the work stream's rules ask for."),
    "foreign_handshake": ("error", "Answer it where you translate the vendor's payloads into CloudEvents."),
    "invalid_activity": ("error", "Mend the member that the path names; the same id may be used again."),
    "invalid_event": ("error", "Mend the member that the path names; the same id may be used again."),
    "kept_apart": ("info", NOTHING),
    "no_channel": ("warning", "Declare a messaging account of this dialect."),
    "poll_answer": ("error", "Post each update in result by itself, or have Telegram post them (setWebhook)."),
    "system_variables": ("info", "Declare those that a rule should compare."),
    "time_finer_than_microseconds": ("info", "Nothing has to be done: the text is kept, and so is the order."),
    "time_in_future": ("warning", "Set the sender's clock."),
    "time_missing": ("warning", "Send the time at which it was said: a retry without one may be taken for a new line."),
    "reserved_source": ("error", "Name a source of your own."),
    "too_late": ("error", "Correct the time; or raise retentionDays."),
    "transcript_record": ("error", "Post the JSON that content holds, which is a set of activities."),
    "undeclared_variable": ("warning", "Declare the variable in the work stream, or correct its name."),
    "unknown_account": ("error", "Name a channel that the configuration declares."),
    "unknown_agent": ("warning", "Declare the agent under this id, or with it as objectId."),
    "unknown_bot": ("warning", "Declare the bot under this id, or with it as its appId."),
    "unknown_channel": ("warning", "Declare the channel."),
    "unknown_dialect": ("error", f"Send {', '.join(_PAYLOADS[:-1])} or {_PAYLOADS[-1]}."),
    "unknown_work_stream": ("warning", "Correct workStreamId, or declare the work stream."),
    "unread_dialect": ("error", "Translate the payload into CloudEvents, and post those to the route events."),
    "value_near_miss": ("warning", "Correct the value, if it means the same."),
    "variable_of_another_type": ("warning", "Send a value of the declared type, or declare the other type."),
    "wrong_dialect": ("warning", "Post it to a channel of an account of its dialect; declare one if there is none."),
}  # fmt: skip
KINDS: NoteKinds = {**_OWN, **NOTE_KINDS}
"""The severity and the remedy of every code, those of dialects' own notes included."""


class Finding(ExactModel):
    """One finding about a body: where, why, and the remedy. `path` is empty for the whole body."""

    code: str
    severity: Severity
    path: str
    reason: str
    remedy: str


def finding(code: OwnCode, path: str, reason: str) -> Finding:
    """The finding of this code, with its severity and its remedy."""
    return _finding(code, path, reason)


def finding_of_note(note: Note, place: str = "") -> Finding:
    """A reader's note as a finding. `place`: the path of the note's payload in the body."""
    placed = note.within(place)
    return _finding(placed.code, placed.path, placed.reason)


def _finding(code: str, path: str, reason: str) -> Finding:
    severity, remedy = KINDS[code]
    return Finding(code=code, severity=severity, path=path, reason=reason, remedy=remedy)
