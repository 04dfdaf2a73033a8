"""The payload doctor's findings: each code with its severity and its remedy."""

from collections.abc import Mapping
from typing import Literal

from shared.dialects.notes import Note, NoteCode, Severity
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
    "too_late",
    "unknown_account",
]
"""Codes of the errors with which an ingress refuses a body."""

DialectCode = Literal["unknown_dialect", "unread_dialect", "wrong_dialect"]
"""Codes for a body that no account reads, or that the named account does not read."""

FindingCode = NoteCode | ConfigurationCode | RefusedCode | DialectCode

_NOTHING = "Nothing has to be done."

KINDS: Mapping[FindingCode, tuple[Severity, str]] = {
    "activity_without_meaning": ("info", _NOTHING),
    "attachment_unreadable": ("warning", "Send a list of objects with name, contentType and contentUrl."),
    "begun_before": ("info", _NOTHING),
    "byte_order_mark": ("info", _NOTHING),
    "channel_assumed": ("info", "Name the account and the channel: then it is read as at their webhook."),
    "channel_data_unreadable": ("warning", "Send channelData as an object."),
    "closing_hand_off": ("info", "Leave CloseOmnichannelConversation out, or false, if somebody is to take over."),
    "command_of_a_customer": ("warning", "Send commands as the bot: with its app id, or role bot, in from."),
    "context_not_taken": ("info", "Send what rules need in conversationcontext, or let the bot send it."),
    "context_unreadable": ("warning", "Send the context as an object, such as {\"BotHandoffTopic\": \"CreditCard\"}."),
    "context_value_unusable": ("warning", "Send text of at most 4,000 characters, or a whole number."),
    "customer_unknown": ("info", "Name the customer in recipient.id of a bot's activities."),
    "empty_activity_set": ("info", _NOTHING),
    "empty_message": ("info", "Send text, an attachment or a value if there is a line to keep."),
    "end_code_missing": ("info", "Send a code, such as userCancelled, if the conversation ended otherwise."),
    "end_code_unknown": ("info", "Send completedSuccessfully, userCancelled, botTimedOut or channelFailed."),
    "epoch_time": ("info", _NOTHING),
    "escalation_to_a_bot": ("warning", "Send the variables that lead to people; declare the bot that escalates."),
    "escalation_without_effect": ("warning", "Let the bot work in a push work stream."),
    "event_too_large": ("error", "Shorten the member that is named; texts, attachments and transcripts may be large."),
    "event_without_meaning": ("info", "Send handoff.initiate to hand over, or a message."),
    "event_without_name": ("warning", "Name the event."),
    "fake_hand_off": ("warning", "Connect the bot's hand-off, so that it sends handoff.initiate or Escalate."),
    "fallback_queue": ("warning", "Send the context variables that the work stream's rules ask for."),
    "hand_off_of_a_customer": ("warning", "Send the hand-off as the bot: with role bot in from."),
    "hand_off_status": ("info", _NOTHING),
    "hand_off_trace": ("info", "Send handoff.initiate if the bot is to hand over."),
    "hand_off_twice": ("warning", "Send a hand-off once; a retry keeps its id."),
    "history_gap": ("info", "Post what was said to the channel's webhook too, or hand over the whole history."),
    "history_left_out": ("info", _NOTHING),
    "hub_context": ("info", _NOTHING),
    "id_missing": ("warning", "Send an id, the same in every retry: else duplicates cannot be told from repetitions."),
    "id_too_long": ("info", _NOTHING),
    "invalid_activity": ("error", "Mend the member that the path names; the same id may be used again."),
    "invalid_event": ("error", "Mend the member that the path names; the same id may be used again."),
    "kept_apart": ("info", _NOTHING),
    "linked_transcript": ("warning", "Hand the history over inside the attachment, in content.activities."),
    "members_not_kept": ("info", "Put what a transcript must hold into text, value or an attachment."),
    "no_channel": ("warning", "Declare a messaging account of this dialect."),
    "no_member_added": ("info", _NOTHING),
    "not_bridged": ("warning", "Send channelData.deliveryMode \"bridged\" with what the customer should see."),
    "placeholder_id": ("warning", "Send the real id."),
    "role_missing": ("warning", "Send role bot or user in from, or declare the bot with its appId."),
    "role_unknown": ("warning", "Send role bot or user in from."),
    "sender_unknown": ("warning", "Name the sender in from.id."),
    "shortened": ("info", _NOTHING),
    "system_variables": ("info", "Declare those that a rule should compare."),
    "tags_unreadable": ("warning", "Send tags as a JSON text with a command, or as a list of labels."),
    "time_finer_than_microseconds": ("info", "Nothing has to be done: the text is kept, and so is the order."),
    "time_in_future": ("warning", "Set the sender's clock."),
    "time_missing": ("warning", "Send the time at which it was said: a retry without one may be taken for a new line."),
    "time_unreadable": ("warning", "Send an RFC 3339 time with an offset, or seconds since 1970."),
    "too_late": ("error", "Correct the time; or raise retentionDays."),
    "undeclared_variable": ("warning", "Declare the variable in the work stream, or correct its name."),
    "unknown_account": ("error", "Name a channel that the configuration declares."),
    "unknown_bot": ("warning", "Declare the bot with this id as its appId."),
    "unknown_channel": ("warning", "Declare the channel."),
    "unknown_command": ("warning", "Send the type Escalate or EndConversation."),
    "unknown_dialect": ("error", "Send a Bot Framework activity, a Telegram update or a CloudEvent, as JSON in UTF-8."),
    "unknown_work_stream": ("warning", "Correct workStreamId, or declare the work stream."),
    "unread_dialect": ("error", "Translate the payload into CloudEvents, and send those."),
    "update_members_ignored": ("info", _NOTHING),
    "update_without_message": ("info", _NOTHING),
    "value_near_miss": ("warning", "Correct the value, if it means the same."),
    "variable_of_another_type": ("warning", "Send a value of the declared type, or declare the other type."),
    "wrong_dialect": ("warning", "Post it to a channel of an account of its dialect."),
    "wrong_type": ("warning", "Send text."),
}  # fmt: skip


class Finding(ExactModel):
    """One finding about a body: where, why, and the remedy. `path` is empty for the whole body."""

    code: FindingCode
    severity: Severity
    path: str
    reason: str
    remedy: str


def finding(code: FindingCode, path: str, reason: str) -> Finding:
    """The finding of this code, with its severity and its remedy."""
    severity, remedy = KINDS[code]
    return Finding(code=code, severity=severity, path=path, reason=reason, remedy=remedy)


def finding_of_note(note: Note, place: str = "") -> Finding:
    """A reader's note as a finding. `place`: the path of the note's payload in the body."""
    placed = note.within(place)
    return finding(placed.code, placed.path, placed.reason)
