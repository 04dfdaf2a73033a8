"""The Bot Framework dialect: one activity, or a set of them, proven by a token of the Bot Connector.

Direct Line answers `{"activities": [...], "watermark": ...}`, and recordings are arrays of activities.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.dialects.bodies import refuse_many, skipped_mark
from shared.dialects.bot_framework.notes import NOTES
from shared.dialects.bot_framework.presentation import PRESENTATION
from shared.dialects.bot_framework.reader import read_activity
from shared.dialects.dialect import Decoded, Dialect, Ingress, Recognition
from shared.dialects.notes import Note
from shared.dialects.proof import TokenProof
from shared.dialects.reading import Reading
from shared.dialects.received import Received
from shared.errors import InvalidActivity, Unauthorized
from shared.strict_json import parse_json

_ACTIVITY = (
    "conversation",
    "channelId",
    "serviceUrl",
    "from",
    "recipient",
    "membersAdded",
    "channelData",
    "channeldata",
)
_KINDS = (
    "message", "event", "conversationUpdate", "endOfConversation", "typing", "handoff", "trace", "invoke",
    "messageUpdate", "messageDelete", "messageReaction",
)  # fmt: skip


def check_token(received: Received, claims: Mapping[str, Any], endorsements: frozenset[str]) -> None:
    """Pass if the token is for each activity (Azure: "Authenticate requests from the Bot Connector service")."""
    document = parse_json(received.body, InvalidActivity)
    activities = activity_set(document)
    for given in [document] if activities is None else [item for _, item in activities]:
        activity = given if isinstance(given, dict) else {}
        service_url, channel_id = activity.get("serviceUrl"), activity.get("channelId")
        if not isinstance(service_url, str) or service_url != claims.get("serviceurl"):
            raise Unauthorized("service_url_wrong")
        if not isinstance(channel_id, str) or channel_id not in endorsements:
            raise Unauthorized("channel_not_endorsed")


class BotFramework(Dialect):
    """Activities, as the Bot Connector, Direct Line and custom messaging channels of Omnichannel send them."""

    name = "botFramework"
    payload = "a Bot Framework activity"
    time_at = "timestamp"
    default_proof = TokenProof("botFramework", check_token)
    own_proofs = (default_proof,)
    presentation = PRESENTATION
    notes = NOTES
    forms: ClassVar[Mapping[str, str]] = {"activitySet": "a set of activities"}

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        items = activity_set(document)
        if items is not None:
            activities = [item for _, item in items if isinstance(item, dict) and _is_activity(item)]
            found = bool(activities) or isinstance(document, dict)
            return Recognition("activitySet", _channel((activities or [{}])[0])) if found else None
        if isinstance(document, dict) and _is_activity(document):
            return Recognition(channel=_channel(document))
        return None

    def decode(self, received: Received) -> Decoded:
        document, notes = parse_json(received.body, InvalidActivity), skipped_mark(received.body)
        given = document.get("activities") if isinstance(document, dict) else document
        if isinstance(given, list):
            refuse_many(given, "activities" if isinstance(document, dict) else "", "activities")
        activities = activity_set(document)
        if activities is None:
            return Decoded([("", document)], notes=notes)
        empty = [] if activities else [Note("empty_activity_set", "", "the set holds no activity")]
        return Decoded(activities, is_set=True, notes=notes, ignored=empty)

    def read(self, native: Any, ingress: Ingress) -> Reading:
        return read_activity(native, ingress.tenant)


def activity_set(document: Any) -> list[tuple[str, Any]] | None:
    """The activities of a set, each with its path; None if the document is no set."""
    if isinstance(document, list):
        return [(f"[{n}]", item) for n, item in enumerate(document)]
    if isinstance(document, dict) and "type" not in document and isinstance(document.get("activities"), list):
        return [(f"activities[{n}]", item) for n, item in enumerate(document["activities"])]
    return None


def _is_activity(document: dict[str, Any]) -> bool:
    return document.get("type") in _KINDS or sum(member in document for member in _ACTIVITY) > 1


def _channel(activity: dict[str, Any]) -> str | None:
    named = activity.get("channelId")
    return named if isinstance(named, str) else None
