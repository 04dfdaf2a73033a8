"""The Omnichannel commands inside a Bot Framework activity (`channelData`; domain: escalate and end contracts).

`channelData.tags` is polymorphic: a JSON string with a command, a comma-separated list of labels, a list, or absent.
"""

from dataclasses import dataclass
from typing import Any, Literal

from shared.errors import InvalidActivity, Mistake
from shared.wire import parse_json

_COMMANDS: dict[Any, Literal["Escalate", "EndConversation"]] = {
    "escalate": "Escalate",
    "endconversation": "EndConversation",
    # The ordinals of the same enum, as serializers without string enums write them.
    0: "Escalate",
    1: "EndConversation",
}


@dataclass(frozen=True)
class Command:
    """What the bot asks of the hub. `context`: context variables, empty where none came."""

    type: Literal["Escalate", "EndConversation"]
    context: dict[str, Any]


def channel_data(activity: dict[str, Any]) -> dict[str, Any]:
    """The activity's channel data, under either spelling; empty where it is no object."""
    for name in ("channelData", "channeldata"):
        if isinstance(activity.get(name), dict):
            return dict(activity[name])
    return {}


def command(data: dict[str, Any]) -> Command | None:
    """The command in `tags`; None where tags are labels or absent. Raises InvalidActivity for broken JSON."""
    tags = data.get("tags")
    if isinstance(tags, str) and tags.lstrip().startswith("{"):
        try:
            tags = parse_json(tags.encode(), InvalidActivity)
        except InvalidActivity as cause:
            # It was meant as a command; taken for a label, an escalation would go nowhere, silently.
            raise InvalidActivity(
                [Mistake("channelData.tags", mistake.reason) for mistake in cause.mistakes]
            ) from cause
    if not isinstance(tags, dict):
        return None
    kind = tags.get("type")
    named = kind.casefold() if isinstance(kind, str) else kind
    known = _COMMANDS.get(named) if isinstance(named, str | int) and not isinstance(named, bool) else None
    context = tags.get("context")
    return Command(known, dict(context) if isinstance(context, dict) else {}) if known else None


def labels(data: dict[str, Any]) -> list[str]:
    """The labels in `tags`; empty where it is a command or absent."""
    tags = data.get("tags")
    if isinstance(tags, str) and not tags.lstrip().startswith("{"):
        tags = tags.split(",")
    return [label.strip() for label in tags if isinstance(label, str)] if isinstance(tags, list) else []


def is_private(data: dict[str, Any], *, from_bot: bool) -> bool:
    """Whether the customer must not see the line: a bot's without `deliveryMode: bridged`, or one labelled so."""
    marks = {label.casefold() for label in labels(data)}
    if marks & {"private", "hidden"}:
        return True
    mode = data.get("deliveryMode")
    bridged = isinstance(mode, str) and mode.casefold() == "bridged"
    return from_bot and not bridged
