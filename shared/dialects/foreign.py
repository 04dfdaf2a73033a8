"""Bodies that no account reads, as they are known from their members: whose they are, and what helps with them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from urllib.parse import parse_qs

ForeignCode = Literal["event_grid_schema", "foreign_handshake", "poll_answer", "transcript_record", "unread_dialect"]
"""What helps: another schema of Event Grid, an answer by the sender's own translator, each update by itself, the
activities in a record, or a translation."""


@dataclass(frozen=True)
class Foreign:
    """What a body is, for people (`a webhook of LINE`), and the code of the finding that says what helps."""

    name: str
    code: ForeignCode


Members = Mapping[str, Any]
_LOOKED_AT = 10_000
"""Bytes of a form: its fields are told from its beginning."""
_Test = Callable[[Members], bool]


def foreign_body(body: bytes, document: Any) -> Foreign | None:
    """Whose body this is that no account reads; None if it is not known. `document`: its JSON, None if it is none."""
    if document is None:
        return _first(_FORMS, parse_qs(body[:_LOOKED_AT].decode(errors="replace"), keep_blank_values=True))
    if isinstance(document, dict):
        return _first(_DOCUMENTS, document)
    first = next(iter(document), None) if isinstance(document, list) else None
    return _first(_OF_ONE, first) if isinstance(first, dict) else None


def _first(known: tuple[tuple[Foreign, _Test], ...], members: Members) -> Foreign | None:
    return next((foreign for foreign, test in known if test(members)), None)


def _has(*names: str) -> _Test:
    return lambda members: members.keys() >= set(names)


def _is_getting_updates(members: Members) -> bool:
    items = members.get("result")
    listed = "ok" in members and isinstance(items, list)
    return listed and all(isinstance(one, dict) and "update_id" in one for one in members["result"])


def _is_record(name: str) -> _Test:
    """A test for a record of Dataverse with this member, or an answer with a list of such records."""

    def holds(members: Members) -> bool:
        listed = members.get("value")
        first = next(iter(listed), None) if isinstance(listed, list) else None
        return name in members or (isinstance(first, dict) and name in first)

    return holds


def _unread(name: str) -> Foreign:
    return Foreign(name, "unread_dialect")


_EVENT_GRID = Foreign("an event in Azure Event Grid's own schema", "event_grid_schema")
_VALIDATION = Foreign("Azure Event Grid's question whether it may post, in its own schema", "event_grid_schema")
_MESSENGER = _unread("a message of Messenger or Instagram without its webhook")
_OMNICHANNEL = _unread("a transcript of Omnichannel")


def _is_validation(members: Members) -> bool:
    return members.get("eventType") == "Microsoft.EventGrid.SubscriptionValidationEvent"


def _is_messaging(members: Members) -> bool:
    return _has("sender", "recipient")(members) and bool(members.keys() & {"message", "postback", "read", "delivery"})


_OF_ONE: tuple[tuple[Foreign, _Test], ...] = (
    (_VALIDATION, _is_validation),
    (_EVENT_GRID, _has("eventType", "eventTime", "subject")),
    (_MESSENGER, _is_messaging),
    (_OMNICHANNEL, lambda members: "isControlMessage" in members),
)
"""What may stand by itself, or in a list."""
_DOCUMENTS: tuple[tuple[Foreign, _Test], ...] = (
    *_OF_ONE,
    (Foreign("the challenge of Slack", "foreign_handshake"), lambda members: members.get("type") == "url_verification"),
    (Foreign("Telegram's answer to getUpdates", "poll_answer"), _is_getting_updates),
    (
        Foreign("a transcript of Copilot Studio as Dataverse keeps it", "transcript_record"),
        _is_record("conversationtranscriptid"),
    ),
    (_OMNICHANNEL, _is_record("msdyn_transcriptid")),
    (_OMNICHANNEL, lambda members: members.get("objecttypecode") == "msdyn_transcript"),
    (_unread("a webhook of LINE"), _has("destination", "events")),
    (_unread("a webhook of Messenger or Instagram"), lambda members: members.get("object") in ("page", "instagram")),
    (_unread("an event of Slack"), _has("team_id", "event")),
    (_unread("a message of Twilio"), _has("MessageSid", "Body")),
    (_unread("a webhook of Webex"), _has("resource", "event", "targetUrl")),
)
_FORMS: tuple[tuple[Foreign, _Test], ...] = (
    (_unread("a message of Twilio"), lambda members: bool(members.keys() & {"MessageSid", "SmsSid"})),
    (_unread("a slash command of Slack"), _has("command", "response_url")),
    (_unread("an interaction of Slack (a form with payload)"), lambda members: members.keys() == {"payload"}),
)
"""By the fields of a form (application/x-www-form-urlencoded)."""
