"""What an activity says where its text is empty: what it speaks, offers to press, or what the customer chose."""

import html
import re
from typing import Any

from shared.dialects.bot_framework.activity import Activity
from shared.dialects.bot_framework.sign_in import LEFT_OUT, without_tokens

_TAG = re.compile(r"<[^<>]{0,400}>")
_DATA = ("data", "actionValue")
"""Members in which an action of a card has what the customer filled in."""
_MOST_CHOICES = 20


def said(activity: Activity) -> str | None:
    """The line's text; None if it says nothing in words."""
    return activity.text() or _spoken(activity) or _chosen(value_of(activity)) or _offered(activity)


def value_of(activity: Activity) -> Any:
    """What the line carries beside its text, such as what a customer filled in, without tokens."""
    value = activity.native.get("value")
    if activity.kind == "invoke" and isinstance(value, dict) and value.get("state") and _is_card_action(activity):
        # The code that a customer types in to prove a sign-in.
        activity.note("sign_in", "value.state", LEFT_OUT)
        value = {name: inner for name, inner in value.items() if name != "state"}
    return without_tokens(value, "value", activity.note)


def _is_card_action(activity: Activity) -> bool:
    return str(activity.native.get("name")).strip().casefold() == "adaptivecard/action"


def suggested_actions(activity: Activity) -> Any:
    """The buttons that the line offers, without tokens."""
    return without_tokens(activity.native.get("suggestedActions"), "suggestedActions", activity.note)


def _spoken(activity: Activity) -> str | None:
    """What the line has a voice say, without the tags of SSML."""
    speak = activity.text("speak")
    return " ".join(html.unescape(_TAG.sub(" ", speak)).split()) or None if speak else None


def _chosen(value: Any) -> str | None:
    """What a posted value says: itself, the title of its action, or the fields that were filled in."""
    if isinstance(value, str):
        return value or None
    if not isinstance(value, dict):
        return None
    inner = value.get("action")
    action: dict[str, Any] = inner if isinstance(inner, dict) else value
    title = action.get("title")
    if isinstance(title, str) and title:
        return title
    filled = next((action[name] for name in _DATA if isinstance(action.get(name), dict)), action)
    fields = [f"{name}: {item}" for name, item in filled.items() if isinstance(item, str | int | float) and item != ""]
    return ", ".join(fields[:_MOST_CHOICES]) or None


def _offered(activity: Activity) -> str | None:
    """The titles of the buttons that a line offers which says nothing else."""
    offered = suggested_actions(activity)
    actions = offered.get("actions") if isinstance(offered, dict) else None
    titles = [
        action.get("title") or action.get("value")
        for action in (actions if isinstance(actions, list) else [])
        if isinstance(action, dict)
    ]
    return " ".join(f"[{title}]" for title in titles[:_MOST_CHOICES] if isinstance(title, str)) or None
