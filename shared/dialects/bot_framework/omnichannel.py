"""The Omnichannel commands inside a Bot Framework activity (`channelData`; domain: escalate and end contracts).

`channelData.tags` is polymorphic: a JSON string with a command, a comma-separated list of labels, a list, or absent.
An unreadable value counts as absent, and is noted.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from shared.dialects.bot_framework.notes import Noter
from shared.errors import InvalidActivity, Mistake
from shared.near_miss import near_misses
from shared.wire import canonical_json, parse_json

_COMMANDS: dict[Any, Literal["Escalate", "EndConversation"]] = {
    "escalate": "Escalate",
    "endconversation": "EndConversation",
    # The ordinals of the same enum, as serializers without string enums write them.
    0: "Escalate",
    1: "EndConversation",
}
_CONVERSATION_CONTEXT, _CUSTOMER_CONTEXT = "conversationcontext", "customercontext"
"""Contexts that a custom messaging channel sends along. In a sample a blank follows the name."""
_MAX_CONTEXT_BYTES = 28 * 1024
"""Size of a context as JSON. A custom messaging channel sends no larger activity (domain: custom channel)."""


@dataclass(frozen=True)
class Command:
    """A bot's command to the hub. `context`: its context variables, perhaps none; `place`: their path."""

    type: Literal["Escalate", "EndConversation"]
    context: dict[str, Any]
    place: str


@dataclass(frozen=True)
class ChannelData:
    """An activity's channel data. `name`: the activity's spelling of it; `members`: empty if it is no object."""

    name: str
    members: dict[str, Any]
    note: Noter

    @cached_property
    def is_command(self) -> bool:
        """True if `tags` are meant as a command, even if it is broken."""
        tags = self.members.get("tags")
        return isinstance(tags, dict) or (isinstance(tags, str) and tags.lstrip().startswith("{"))

    @cached_property
    def command(self) -> Command | None:
        """The command in `tags`; None if they are labels, absent, or an unknown command. Raises InvalidActivity."""
        if not self.is_command:
            return None
        tags = self.members["tags"]
        place = f"{self.name}.tags"
        if isinstance(tags, str):
            try:
                tags = parse_json(tags.encode(), InvalidActivity)
            except InvalidActivity as cause:
                # It is meant as a command. If it were taken for a label, an escalation would get lost silently.
                raise InvalidActivity([Mistake(place, mistake.reason) for mistake in cause.mistakes]) from cause
        kind = tags.get("type")
        folded = kind.casefold() if isinstance(kind, str) else kind
        command = _COMMANDS.get(folded) if isinstance(folded, str | int) and not isinstance(folded, bool) else None
        if command is None:
            self.note("unknown_command", f"{place}.type", _no_command(kind))
            return None
        return Command(command, self._context(tags.get("context"), f"{place}.context"), f"{place}.context")

    def _context(self, value: Any, place: str) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return dict(value or {})
        self.note("context_unreadable", place, "is no object of names and values, so no variable is set")
        return {}

    @cached_property
    def conversation_context(self) -> tuple[dict[str, Any], str]:
        """The context variables with which a custom messaging channel begins a conversation, and their path."""
        names = [member for member in self.members if _is_called(member, _CONVERSATION_CONTEXT)]
        if not names:
            return {}, self.name
        value, place = self.members[names[0]], f"{self.name}.{names[0]}"
        if len(canonical_json(value).encode()) > _MAX_CONTEXT_BYTES:
            self.note("context_unreadable", place, f"has more than {_MAX_CONTEXT_BYTES} bytes, so no variable is set")
            return {}, place
        return self._context(value, place), place

    @cached_property
    def labels(self) -> frozenset[str]:
        """The labels in `tags`, case-folded; empty if `tags` are a command, absent or unreadable."""
        tags = self.members.get("tags")
        if tags is None or self.is_command:
            return frozenset()
        if isinstance(tags, str):
            tags = tags.split(",")
        if not isinstance(tags, list):
            self.note("tags_unreadable", f"{self.name}.tags", "is neither a command nor a list of labels")
            return frozenset()
        return frozenset(label.strip().casefold() for label in tags if isinstance(label, str))

    def is_private(self, *, from_bot: bool) -> bool:
        """True if the customer must not see the line: a bot's without `deliveryMode: bridged`, or a labelled one."""
        if self.labels & {"private", "hidden"}:
            return True
        mode = self.members.get("deliveryMode")
        bridged = isinstance(mode, str) and mode.casefold() == "bridged"
        if from_bot and not bridged:
            given = f"is {str(mode)[:40]!r}" if mode is not None else "is missing"
            reason = f"{given}, so the line is not bridged: it is private, and the customer sees nothing"
            self.note("not_bridged", f"{self.name}.deliveryMode", reason)
        return from_bot and not bridged


def channel_data(activity: dict[str, Any], note: Noter) -> ChannelData:
    """The activity's channel data, in either spelling of the member."""
    for name in ("channelData", "channeldata"):
        members = activity.get(name)
        if isinstance(members, dict):
            _note_customer_context(name, members, note)
            return ChannelData(name, members, note)
        if members is not None:
            note("channel_data_unreadable", name, "is no object, so deliveryMode and tags in it are not seen")
    return ChannelData("channelData", {}, note)


def _note_customer_context(name: str, members: dict[str, Any], note: Noter) -> None:
    for member, value in members.items():
        if value and _is_called(member, _CUSTOMER_CONTEXT):
            note("context_not_taken", f"{name}.{member}", "tells who the customer is, and sets no context variable")


def _is_called(member: str, name: str) -> bool:
    return member[: len(name)].casefold() == name and not member[len(name) :].strip()


def _no_command(kind: Any) -> str:
    if kind is None:
        return "is missing, so the tags are no command, and nothing is asked of the hub"
    near = next(near_misses(str(kind)[:80], ("Escalate", "EndConversation")), None)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is {str(kind)[:80]!r}, which is no command, so nothing is asked of the hub{hint}"
