"""The errors, as classes with data.

    PatchbayError
    ├── Refused                   asking again changes nothing; over HTTP a 4xx, on the bus parked
    │   ├── InvalidDocument       names its mistakes, up to 100; its kinds:
    │   │   ├── InvalidEvent          invalid_event
    │   │   ├── InvalidActivity       invalid_activity
    │   │   ├── InvalidConfiguration  invalid_configuration
    │   │   └── InvalidRequest        invalid_request
    │   │       └── UnknownParameter      unknown_parameter
    │   ├── BodyTooLarge          body_too_large
    │   ├── LengthRequired        length_required
    │   ├── BodyEncoded           body_encoded
    │   ├── EventTooLarge         event_too_large
    │   ├── EventIdConflict       event_id_conflict
    │   ├── TooLate               too_late
    │   ├── ConversationFull      conversation_full
    │   ├── Unauthorized          unauthorized
    │   ├── Forbidden             forbidden
    │   ├── ReservedSource        reserved_source
    │   ├── ForeignConversation   foreign_conversation
    │   ├── UnknownTenant         unknown_tenant
    │   ├── UnknownAccount        unknown_account
    │   ├── UnknownConversation   unknown_conversation
    │   ├── UnknownAttachment     unknown_attachment
    │   ├── UnknownParkedEvent    unknown_parked_event
    │   ├── AddressRefused        address_refused
    │   ├── NotAcceptable         not_acceptable
    │   ├── VersionConflict       version_conflict
    │   └── DocumentTooLarge      document_too_large
    ├── DayClosed                 day_closed
    ├── IncompleteSettings        incomplete_settings
    └── Retryable                 asking again can help; on the bus the message is delivered again
        ├── NotConnected          not_connected
        ├── NoAnswer              no_answer
        ├── HeadChanged           head_changed
        ├── ThreadChanged         thread_changed
        ├── StoreUnavailable      store_unavailable
        ├── BusUnavailable        bus_unavailable
        ├── ArchiveUnavailable    archive_unavailable
        ├── OverflowUnavailable   overflow_unavailable
        ├── TooManyRequests       too_many_requests
        ├── AuthenticationUnavailable  authentication_unavailable
        ├── EffectFailed          effect_failed
        └── Unexpected            unexpected

Every code stands in docs/errors.md with its cause and its remedy.
"""

import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Literal, NamedTuple


class PatchbayError(Exception):
    """The base class of errors. `code` is stable, `status` is the HTTP status, `detail` is for people."""

    code: ClassVar[str]
    status: ClassVar[int]
    retryable: ClassVar[bool]
    mistakes: "tuple[Mistake, ...]" = ()
    """Every mistake in the document, if the error is about one."""

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def code_of(failure: BaseException) -> str:
    """The code of an error of ours, and the class of any other one, whose message may hold anything."""
    return failure.code if isinstance(failure, PatchbayError) else type(failure).__name__


def where(failure: BaseException) -> str:
    """The stack of an unforeseen failure, behind a line break; nothing for an error of ours, whose code says enough.

    It is without the failure's message, which may hold anything.
    """
    return "" if isinstance(failure, PatchbayError) else "\n" + "".join(traceback.format_tb(failure.__traceback__))


class Refused(PatchbayError):
    """Raised when the same request can never succeed."""

    retryable = False


class Retryable(PatchbayError):
    """Raised when the same request may succeed a moment later."""

    retryable = True
    status = 503
    retry_after = 1
    """Seconds after which the request should be sent again."""


MistakeCode = Literal["1004 DuplicateBotAppId", "duplicate_channel_id", "name_too_long"]
"""Codes for a bot or a channel that may not be registered; the first is spelled as in Dynamics 365 (seed 001)."""


class Position(NamedTuple):
    """A place in a text; lines and columns are counted from 1."""

    line: int
    column: int


@dataclass(frozen=True)
class Mistake:
    """One mistake in a document: its path (`data.author.role`; empty for the whole document) and the reason.

    `code` is set if the rule has a name of its own, `position` if the document is a text of several lines (YAML).
    """

    path: str
    reason: str
    code: MistakeCode | None = None
    position: Position | None = None

    def shown(self) -> dict[str, str | int]:
        """The mistake as JSON for an answer."""
        code = {"code": self.code} if self.code else {}
        position = self.position._asdict() if self.position else {}
        return {"path": self.path, "reason": self.reason, **code, **position}

    def __str__(self) -> str:
        return f"{self.path}: {self.reason}" if self.path else self.reason


class InvalidDocument(Refused):
    """Raised, as one of its subclasses, when a document breaks its contract. Names its mistakes."""

    status = 400

    def __init__(self, mistakes: Sequence[Mistake]) -> None:
        super().__init__("; ".join(str(mistake) for mistake in mistakes))
        self.mistakes = tuple(mistakes)


class InvalidEvent(InvalidDocument):
    """Raised when a body is not a CloudEvent of a known type."""

    code = "invalid_event"


class InvalidActivity(InvalidDocument):
    """Raised when a channel's payload lacks what its dialect requires."""

    code = "invalid_activity"


class InvalidConfiguration(InvalidDocument):
    """Raised when a tenant's configuration has mistakes."""

    code = "invalid_configuration"


class InvalidRequest(InvalidDocument):
    """Raised when a query parameter, a path segment, or the body of a question has no meaning."""

    code = "invalid_request"


class UnknownParameter(InvalidRequest):
    """Raised when a query holds a parameter that its route does not know: to ignore it would answer something else."""

    code = "unknown_parameter"


class BodyTooLarge(Refused):
    """Raised when a request's body is larger than an ingress accepts."""

    code = "body_too_large"
    status = 413

    def __init__(self, size: int, limit: int) -> None:
        super().__init__(f"the body has {size} bytes; a request may have {limit}")


class ForeignRequest(Refused):
    """Raised on the local host when a request did not come from its own pages, or from a program on the machine.

    A page of any site can have a browser send requests to 127.0.0.1, and can give a name of its own that address.
    """

    code = "foreign_request"
    status = 403

    def __init__(self, header: str, why: str) -> None:
        super().__init__(f"{header}: {why}")


class LengthRequired(Refused):
    """Raised when a body was sent in chunks, and so was lost on the way.

    The Functions host hands no chunked body to a Python worker. Without this error the body would count as empty.
    """

    code = "length_required"
    status = 411

    def __init__(self) -> None:
        super().__init__("the body came in chunks; send it with its Content-Length")


class BodyEncoded(Refused):
    """Raised when a body is compressed. No ingress decompresses."""

    code = "body_encoded"
    status = 415

    def __init__(self, encoding: str) -> None:
        super().__init__(f"Content-Encoding: the body is sent as {encoding!r}; send it as it is")


class EventTooLarge(Refused):
    """Raised when one event is larger than a bus message may be."""

    code = "event_too_large"
    status = 413

    def __init__(self, size: int, limit: int, largest: str | None = None) -> None:
        """`largest`: the path of the largest member that could not be kept apart from the event."""
        why = "is the largest member that cannot be kept apart from the event"
        which = f"; {largest} {why}" if largest else ""
        super().__init__(f"the event has {size} bytes; one event may have {limit}{which}")
        self.mistakes = (Mistake(largest, why),) if largest else ()


class EventIdConflict(Refused):
    """Raised when an event's identity is taken by an event with other content."""

    code = "event_id_conflict"
    status = 409

    def __init__(self, event_id: str) -> None:
        super().__init__(f"event {event_id!r} of this conversation and source is recorded with other content")


class TooLate(Refused):
    """Raised when an event is older than the tenant keeps conversations."""

    code = "too_late"
    status = 422

    def __init__(self, moment: datetime, retention_days: int, path: str = "time") -> None:
        """`path`: where the payload says its time."""
        mistake = Mistake(path, f"{moment.isoformat()} is more than the retention of {retention_days} days ago")
        super().__init__(str(mistake))
        self.mistakes = (mistake,)


class ConversationFull(Refused):
    """Raised when an event is one too many for its conversation."""

    code = "conversation_full"
    status = 422

    def __init__(self, most: int) -> None:
        super().__init__(f"the conversation has {most} facts, and takes no more")


CredentialFault = Literal[
    "algorithm_not_allowed",
    "audience_wrong",
    "authentication_not_configured",
    "channel_not_endorsed",
    "credentials_missing",
    "cross_site",
    "issuer_wrong",
    "key_unknown",
    "no_handshake",
    "origin_not_allowed",
    "secret_token_wrong",
    "service_url_wrong",
    "signature_wrong",
    "timestamp_malformed",
    "timestamp_outside_tolerance",
    "token_expired",
    "token_malformed",
    "token_not_yet_valid",
    "unknown_channel",
]


class Unauthorized(Refused):
    """Raised when a caller does not prove who it is.

    `fault` is for the log. It is `disclosed` to the caller only if it reveals no tenant and no channel.
    """

    code = "unauthorized"
    status = 401

    def __init__(self, fault: CredentialFault, *, disclosed: bool = True) -> None:
        reason = f": {fault}" if disclosed else ", or the address; the log says which, under the request's id"
        super().__init__(f"something is wrong with the token, the signature or the secret of this request{reason}")
        self.fault = fault
        self.disclosed = disclosed


class Forbidden(Refused):
    """Raised when a known caller lacks the role that opens the route."""

    code = "forbidden"
    status = 403

    def __init__(self, role: str) -> None:
        super().__init__(f"the token lacks the app role {role}")


class ReservedSource(Refused):
    """Raised when an event claims what only Patchbay itself says: its source, or a type that never travels."""

    code = "reserved_source"
    status = 403

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.mistakes = (Mistake(path, reason),)


class ForeignConversation(Refused):
    """Raised when a channel speaks about a conversation of another channel."""

    code = "foreign_conversation"
    status = 403

    def __init__(self) -> None:
        reason = (
            "is a conversation of another channel, and a channel speaks about its own; "
            "a system that speaks about all of its tenant's posts to the route events"
        )
        super().__init__(f"subject: {reason}")
        self.mistakes = (Mistake("subject", reason),)


class UnknownTenant(Refused):
    """Raised when no configuration was ever put for the tenant."""

    code = "unknown_tenant"
    status = 404

    def __init__(self, tenant_id: str) -> None:
        super().__init__(f"tenantid: no tenant {tenant_id!r} is configured")


class UnknownAccount(Refused):
    """Raised when the tenant has no such messaging account, or the account no such channel."""

    code = "unknown_account"
    status = 404

    def __init__(self, account_id: str, channel_id: str, hint: str = "") -> None:
        """`hint`: which channel may be meant; every caller who gets as far as this may know the tenant's channels."""
        super().__init__(f"no channel {channel_id!r} of a messaging account {account_id!r} is configured{hint}")


class UnknownConversation(Refused):
    """Raised for a conversation that does not exist, and for another tenant's, alike."""

    code = "unknown_conversation"
    status = 404

    def __init__(self) -> None:
        super().__init__("no such conversation")


class UnknownAttachment(Refused):
    """Raised for an attachment that a conversation never had, and for one whose content is gone, alike."""

    code = "unknown_attachment"
    status = 404

    def __init__(self) -> None:
        super().__init__("no such attachment")


class UnknownParkedEvent(Refused):
    """Raised for a parked event that does not exist, and for another tenant's, alike."""

    code = "unknown_parked_event"
    status = 404

    def __init__(self) -> None:
        super().__init__("no such parked event")


class NotAcceptable(Refused):
    """Raised when a report is asked for in a format that does not exist."""

    code = "not_acceptable"
    status = 406

    def __init__(self, asked: str, offered: Sequence[str]) -> None:
        super().__init__(f"format: {asked!r} is not offered; there are {', '.join(offered)}")


class VersionConflict(Refused):
    """Raised when a configuration was changed by someone else since it was read."""

    code = "version_conflict"
    status = 412

    def __init__(self, current: int) -> None:
        super().__init__(f"If-Match: the latest configuration has version {current}")


class IncompleteSettings(PatchbayError):
    """Raised when only some of the services that belong together are named. Nothing is guessed for the others."""

    code = "incomplete_settings"
    status = 503
    retryable = False

    def __init__(self, missing: Sequence[str]) -> None:
        super().__init__(f"these settings are missing: {', '.join(missing)}")
        self.missing = tuple(missing)


class DocumentTooLarge(Refused):
    """Raised when a document has grown larger than the store takes."""

    code = "document_too_large"
    status = 413

    def __init__(self, limit: int) -> None:
        super().__init__(f"what is to be stored has more than {limit} bytes")


class DayClosed(PatchbayError):
    """Raised when a row is posted to a month that is closed. The month stays as it is."""

    code = "day_closed"
    status = 409
    retryable = False

    def __init__(self, day: str) -> None:
        super().__init__(f"the books of {day} are closed")
        self.day = day


class HeadChanged(Retryable):
    """Raised when a conversation's head was replaced between reading and committing."""

    code = "head_changed"

    def __init__(self) -> None:
        super().__init__("the conversation changed meanwhile")


class ThreadChanged(Retryable):
    """Raised when a thread's document was replaced between reading and saving."""

    code = "thread_changed"

    def __init__(self) -> None:
        super().__init__("the thread changed meanwhile")


class StoreUnavailable(Retryable):
    """Raised when the store cannot be reached, throttles or is too slow. The operation may have been carried out."""

    code = "store_unavailable"

    def __init__(self, reason: str) -> None:
        super().__init__(f"the store does not answer: {reason}")


class BusUnavailable(Retryable):
    """Raised when the bus cannot be reached, throttles or does not answer in time."""

    code = "bus_unavailable"

    def __init__(self) -> None:
        super().__init__("the bus does not answer")


class ArchiveUnavailable(Retryable):
    """Raised when the archive cannot be reached, throttles or does not answer in time."""

    code = "archive_unavailable"

    def __init__(self) -> None:
        super().__init__("the archive does not answer")


class OverflowUnavailable(Retryable):
    """Raised when the overflow cannot be reached, throttles or does not answer in time."""

    code = "overflow_unavailable"

    def __init__(self) -> None:
        super().__init__("the store of large contents does not answer")


class TooManyRequests(Retryable):
    """Raised when a tenant sends more to this process than its rates allow, or faster than its events are handled."""

    code = "too_many_requests"
    status = 429

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"this tenant sends too much; try again in {retry_after} s")
        self.retry_after = retry_after


class AuthenticationUnavailable(Retryable):
    """Raised when a proof cannot be checked: the issuer's keys or our own secret cannot be read."""

    code = "authentication_unavailable"
    retry_after = 10

    def __init__(self) -> None:
        super().__init__("what this request proves itself with cannot be checked at the moment")


class EffectFailed(Retryable):
    """Raised when a parked effect fails again in its replay, with an error that nobody foresaw."""

    code = "effect_failed"

    def __init__(self, failure: str) -> None:
        super().__init__(f"the effect fails with {failure}; the log says where")


class Unexpected(Retryable):
    """Answered in place of an error that nobody foresaw. The log has the original."""

    code = "unexpected"
    status = 500

    def __init__(self) -> None:
        super().__init__("something failed that should not; the log says what, under the request's id")
