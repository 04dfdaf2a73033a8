"""The Omnichannel commands inside a Bot Framework activity (`channelData`; domain: escalate and end contracts).

An unreadable value counts as absent, and is noted.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any, Literal

from shared.dialects.bot_framework.notes import Noter
from shared.dialects.bot_framework.tags import Tags, read_tags
from shared.errors import InvalidActivity
from shared.near_miss import did_you_mean, near_misses
from shared.strict_json import canonical_json, parse_json

_COMMANDS: dict[Any, Literal["Escalate", "EndConversation"]] = {
    "escalate": "Escalate",
    "endconversation": "EndConversation",
    # The ordinals of the same enum, as serializers without string enums write them.
    0: "Escalate",
    1: "EndConversation",
}
_CONVERSATION_CONTEXT, _CUSTOMER_CONTEXT = "conversationcontext", "customercontext"
"""Contexts that a custom messaging channel sends along. In a sample a blank follows the name."""
_NAMED = re.compile("escalate|endconversation", re.IGNORECASE)
_MOST_HOLDERS, _MOST_MEMBERS = 2, 20
"""Objects within each other, and members of each, that are looked at for a command where no hub looks."""
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
    """An activity's channel data. `name`: the activity's spelling of it; `members`: empty if it is no object.

    `beside`: members of the activity itself in which bots put commands, and where no hub looks.
    """

    name: str
    members: dict[str, Any]
    note: Noter
    beside: Mapping[str, Any] = field(default_factory=dict)

    @cached_property
    def tags(self) -> Tags:
        """What `tags` hold."""
        tags = read_tags(self._given("tags"))
        if not tags.is_readable:
            self.note("tags_unreadable", f"{self.name}.tags", "is neither a command nor a list of labels")
        return tags

    def _given(self, name: str) -> Any:
        """The value of a member, whose name may be in another case."""
        spelt, value = _member(self.members, name)
        if spelt != name:
            self.note("member_near_miss", f"{self.name}.{spelt[:80]}", f"is read as {name}, which a hub demands")
        return value

    @property
    def misplaced_command(self) -> bool:
        """True if a command that is known stands where no hub looks for it."""
        members = ((f"{self.name}.{name[:80]}", value) for name, value in self.members.items() if not _is_tags(name))
        for path, value in (*members, *self.beside.items()):
            if _holds_command(value, _MOST_HOLDERS):
                self.note("member_near_miss", path, "holds a command, which is followed in channelData.tags alone")
                return True
        return False

    @cached_property
    def command(self) -> Command | None:
        """The command in `tags`; None if they are labels, absent, or no command that is known.

        The first of several commands counts.
        """
        tags, place = self.tags, f"{self.name}.tags"
        commands = [found for path, document in tags.objects if (found := self._command(document, f"{place}{path}"))]
        if commands:
            if not tags.is_plain:
                reason = "holds a command, but not as the one JSON text that a hub reads; it is followed here"
                self.note("command_wrapped", place, reason)
            return commands[0]
        if tags.broken is not None:
            self.note("tags_unreadable", place, f"{tags.broken}, so the line is private")
        for label in tags.bare_commands:
            self.note(
                "unknown_command", place, f"holds {label!r} as a label, and no command: nothing is asked of the hub"
            )
        for path, document in tags.objects:
            self.note("unknown_command", f"{place}{path}.type", _no_command(_member(document, "type")[1]))
        return None

    def _command(self, document: dict[str, Any], place: str) -> Command | None:
        """The command that an object in `tags` is; None if it is none that is known."""
        command = _kind(document)
        if command is None:
            return None
        name, context = _member(document, "context")
        self._note_command_members(document, place)
        return Command(command, self._context(context, f"{place}.{name}"), f"{place}.{name}")

    def _note_command_members(self, document: dict[str, Any], place: str) -> None:
        """Note members of a command that no hub reads: those in another case, which are read here, and others."""
        for member in document:
            meant = next((name for name in ("type", "context") if member.strip().casefold() == name), None)
            if meant is None:
                hint = did_you_mean(member[:80], ("context", "type"))
                self.note("command_member_unknown", f"{place}.{member[:80]}", f"is no member of a command{hint}")
            elif member != meant:
                self.note("command_wrapped", f"{place}.{member}", f"is read as {meant}, which a hub demands")

    def _context(self, value: Any, place: str) -> dict[str, Any]:
        if value is None or isinstance(value, dict):
            return dict(value or {})
        if isinstance(value, str) and (written := object_in(value)) is not None:
            self.note("context_is_text", place, "is an object as JSON text, and is read as that object")
            return written
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

    def is_private(self, *, from_bot: bool, bridging: bool = True) -> bool:
        """True if the customer must not see the line.

        So are labelled lines, and those of a bot that advises the agent, gives no known command although it seems to,
        or does not say `deliveryMode: bridged`. The latter are public where nobody uses `deliveryMode` (`bridging`).
        """
        if self.tags.labels & {"private", "hidden"}:
            return True
        if not from_bot:
            return False
        if self.tags.is_smart_assist or self.misplaced_command or (self.tags.is_command and self.command is None):
            return True
        mode = self.delivery_mode
        bridged = isinstance(mode, str) and mode.casefold() == "bridged"
        if bridging and not bridged:
            given = f"is {str(mode)[:40]!r}" if mode is not None else "is missing"
            reason = f"{given}, so the line is not bridged: it is private, and the customer sees nothing"
            self.note("not_bridged", f"{self.name}.deliveryMode", reason)
        return bridging and not bridged

    @property
    def delivery_mode(self) -> Any:
        """How a bot asks the hub to deliver its line; None if it says nothing."""
        return self._given("deliveryMode")


def channel_data(activity: dict[str, Any], note: Noter) -> ChannelData:
    """The activity's channel data, in whatever case the member's name is."""
    name, members = _member(activity, "channelData")
    if isinstance(members, dict):
        _note_customer_context(name, members, note)
        return ChannelData(name, members, note, _beside(activity))
    if members is not None:
        note("channel_data_unreadable", name, "is no object, so deliveryMode and tags in it are not seen")
    return ChannelData("channelData", {}, note, _beside(activity))


def _beside(activity: dict[str, Any]) -> dict[str, Any]:
    text, value = activity.get("text"), activity.get("value")
    found = {"tags": activity.get("tags"), "value": value if isinstance(value, str) else None}
    if isinstance(value, dict) and isinstance(_member(value, "type")[1], str):
        found["value"] = value
    # What people write may name commands; only JSON may be one.
    found["text"] = text if isinstance(text, str) and text.lstrip()[:1] == "{" else None
    return {name: given for name, given in found.items() if given is not None}


def _note_customer_context(name: str, members: dict[str, Any], note: Noter) -> None:
    for member, value in members.items():
        if value and _is_called(member, _CUSTOMER_CONTEXT):
            note("context_not_taken", f"{name}.{member}", "tells who the customer is, and sets no context variable")


def object_in(text: str) -> dict[str, Any] | None:
    """The object that a text is the JSON of; None if it is none."""
    if not text.lstrip().startswith("{"):
        return None
    try:
        document = parse_json(text.encode(), InvalidActivity)
    except InvalidActivity:
        return None
    return document if isinstance(document, dict) else None


def _member(document: dict[str, Any], name: str) -> tuple[str, Any]:
    """The object's own spelling of a member's name, and its value: some serializers write other cases, or blanks."""
    if name in document:
        return name, document[name]
    folded, least = name.casefold(), len(name)
    for one, value in document.items():
        if len(one) >= least and one.strip().casefold() == folded:
            return one, value
    return name, None


def _holds_command(value: Any, holders: int) -> bool:
    """True for a command, and for an object that holds one: in `omnichannel.tags`, say."""
    if not isinstance(value, list | dict) and not (isinstance(value, str) and _NAMED.search(value)):
        return False
    found = [document for _, document in read_tags(value).objects]
    inner = (one for document in found for one in islice(document.values(), _MOST_MEMBERS)) if holders else ()
    return any(map(_kind, found)) or any(_holds_command(one, holders - 1) for one in inner)


def _is_tags(name: str) -> bool:
    return name.strip().casefold() == "tags"


def _kind(document: dict[str, Any]) -> Literal["Escalate", "EndConversation"] | None:
    """The command that an object's type names; None if it names none."""
    _, kind = _member(document, "type")
    folded = kind.strip().casefold() if isinstance(kind, str) else kind
    return _COMMANDS.get(folded) if isinstance(folded, str | int) and not isinstance(folded, bool) else None


def _is_called(member: str, name: str) -> bool:
    return member[: len(name)].casefold() == name and not member[len(name) :].strip()


def _no_command(kind: Any) -> str:
    if kind is None:
        return "is missing, so the tags are no command, and nothing is asked of the hub"
    near = next(near_misses(str(kind)[:80], ("Escalate", "EndConversation")), None)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"is {str(kind)[:80]!r}, which is no command, so nothing is asked of the hub{hint}"
