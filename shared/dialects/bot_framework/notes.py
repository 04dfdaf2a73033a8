"""The codes of notes that only a Bot Framework activity can give, each with its severity and its remedy."""

from collections.abc import Callable
from typing import Literal

from shared.dialects.notes import NOTHING, CommonCode, NoteKinds

IgnoredCode = Literal[
    "activity_without_meaning",
    "change_without_line",
    "empty_activity_set",
    "event_without_meaning",
    "event_without_name",
    "fake_hand_off",
    "hand_off_of_a_customer",
    "hand_off_status",
    "hand_off_trace",
    "hub_context",
    "invoke_without_meaning",
    "no_member_added",
    "only_bot_added",
]
"""Codes for why an activity was ignored."""

AssumedCode = Literal[
    "attachment_unreadable",
    "channel_data_unreadable",
    "closing_hand_off",
    "command_in_update",
    "command_member_unknown",
    "command_of_a_customer",
    "command_wrapped",
    "context_is_text",
    "context_not_taken",
    "context_unreadable",
    "customer_unknown",
    "end_code_missing",
    "end_code_unknown",
    "epoch_time",
    "history_gap",
    "history_left_out",
    "id_missing",
    "linked_transcript",
    "member_near_miss",
    "name_near_miss",
    "not_bridged",
    "placeholder_id",
    "role_missing",
    "role_unknown",
    "sign_in",
    "tags_unreadable",
    "time_unreadable",
    "transcript_unreadable",
    "type_near_miss",
    "unknown_command",
    "wrong_type",
]
"""Codes for an assumption of the reader, or for something that it left out of an event."""

ActivityCode = IgnoredCode | AssumedCode | CommonCode
Noter = Callable[[ActivityCode, str, str], None]
"""Takes a note: code, path, reason."""

NOTES: NoteKinds = {
    "activity_without_meaning": ("info", NOTHING),
    "attachment_unreadable": ("warning", "Send a list of objects with name, contentType and contentUrl."),
    "change_without_line": ("warning", "Name the changed message in id."),
    "channel_data_unreadable": ("warning", "Send channelData as an object."),
    "closing_hand_off": ("info", "Leave CloseOmnichannelConversation out, or false, if somebody is to take over."),
    "command_in_update": ("warning", "Send the command with a message of its own."),
    "command_member_unknown": ("warning", "Send type and context, and variables inside context."),
    "command_of_a_customer": ("warning", "Send commands as the bot: with its app id, or role bot, in from."),
    "command_wrapped": ("warning", "Send tags as one JSON text: {\"type\": \"Escalate\", \"context\": {}}."),
    "context_is_text": ("info", "Send the object itself."),
    "context_not_taken": ("info", "Send what rules need in conversationcontext, or let the bot send it."),
    "context_unreadable": ("warning", "Send the context as an object, such as {\"BotHandoffTopic\": \"CreditCard\"}."),
    "customer_unknown": ("info", "Name the customer in recipient.id of a bot's activities."),
    "empty_activity_set": ("info", NOTHING),
    "end_code_missing": ("info", "Send a code, such as userCancelled, if the conversation ended otherwise."),
    "end_code_unknown": ("info", "Send one of the Bot Framework's codes, such as completedSuccessfully."),
    "epoch_time": ("info", NOTHING),
    "event_without_meaning": ("info", "Send handoff.initiate to hand over, or a message."),
    "event_without_name": ("warning", "Name the event."),
    "fake_hand_off": ("warning", "Connect the bot's hand-off, so that it sends handoff.initiate or Escalate."),
    "hand_off_of_a_customer": ("warning", "Send the hand-off as the bot: with role bot in from."),
    "hand_off_status": ("info", NOTHING),
    "hand_off_trace": ("info", "Send handoff.initiate if the bot is to hand over."),
    "history_gap": ("info", "Post what was said to the channel's webhook too, or hand over the whole history."),
    "history_left_out": ("info", NOTHING),
    "hub_context": ("info", NOTHING),
    "id_missing": ("warning", "Send an id, the same in every retry: else duplicates cannot be told from repetitions."),
    "invoke_without_meaning": ("info", NOTHING),
    "linked_transcript": ("warning", "Hand the history over inside the attachment, in content.activities."),
    "member_near_miss": ("warning", "Correct the member's name, if it means the same."),
    "name_near_miss": ("warning", "Name the event handoff.initiate if the bot is to hand over."),
    "no_member_added": ("info", NOTHING),
    "not_bridged": ("warning", "Send channelData.deliveryMode \"bridged\" with what the customer should see."),
    "only_bot_added": ("info", NOTHING),
    "placeholder_id": ("warning", "Send the real id."),
    "role_missing": ("warning", "Send role bot or user in from, or declare the bot with its appId."),
    "role_unknown": ("warning", "Send role bot or user in from."),
    "sign_in": ("warning", "Sign customers in elsewhere: authentication cards are not supported."),
    "tags_unreadable": ("warning", "Send tags as a JSON text with a command, or as a list of labels."),
    "time_unreadable": ("warning", "Send an RFC 3339 time with an offset, or seconds since 1970."),
    "transcript_unreadable": ("warning", "Hand the history over as a list of activities, in content.activities."),
    "type_near_miss": ("warning", "Write the type as the Bot Framework does, such as message."),
    "unknown_command": ("warning", "Send the type Escalate or EndConversation."),
    "wrong_type": ("warning", "Send text."),
}  # fmt: skip
