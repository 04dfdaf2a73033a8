"""The CloudEvents 1.0 envelope (structured JSON) of every Patchbay event, and its times."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cached_property, lru_cache
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, StringConstraints

from shared.wire import WireModel

_RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT([01]\d|2[0-3]):\d\d:\d\d(\.\d{1,30})?(Z|[+-]\d\d:[0-5]\d)", re.ASCII)
_FRACTION = re.compile(r"\.\d{6}(\d*)")


# The same time is read again when its event is checked, ordered and counted.
@lru_cache(maxsize=1024)
def parse_time(text: str) -> datetime:
    """An RFC 3339 time in UTC, truncated to microseconds. Raises ValueError if the text is none."""
    if not _RFC3339.fullmatch(text.upper()):
        raise ValueError("is not an RFC 3339 time with an offset, such as 2026-10-01T12:00:00Z")
    try:
        return datetime.fromisoformat(text.upper()).astimezone(UTC)
    except (ValueError, OverflowError) as cause:
        raise ValueError(f"is not a time that exists: {cause}") from cause


def format_time(moment: datetime) -> str:
    """A moment as Patchbay writes it: RFC 3339 in UTC with `Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


OWN_SOURCE = "/patchbay"
"""The source of what Patchbay itself records."""


def exact_time(text: str) -> str:
    """A time in the one spelling that all texts of the same moment have, with all its digits."""
    moment = parse_time(text)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}{finer_digits(text)}"


def finer_digits(text: str) -> str:
    """The digits of a time finer than a microsecond, without zeros at the end."""
    fraction = _FRACTION.search(text)
    return fraction.group(1).rstrip("0") if fraction else ""


def counted_moment(moment: datetime, now: datetime) -> datetime:
    """The time at which an event of this moment counts if it arrives now: a time ahead of our clock is the arrival."""
    return min(moment, now)


EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
"""No event is older: such a time was made up, or a clock was never set."""
_MOST_AHEAD = timedelta(days=1)


def time_fault(moment: datetime, now: datetime) -> str | None:
    """Why no event that arrives now can be of this moment; None if one can. A clock may be ahead by up to a day."""
    if moment < EARLIEST:
        return "is before the year 2000"
    return "is more than a day ahead of our clock" if moment > now + _MOST_AHEAD else None


def epoch_time(seconds: float) -> str:
    """Seconds since 1970 as RFC 3339. Raises ValueError if there is no such time."""
    try:
        return format_time(datetime.fromtimestamp(seconds, UTC))
    except (OverflowError, OSError) as cause:
        raise ValueError(f"is not a time that exists: {cause}") from cause


def _checked_time(text: str) -> str:
    parse_time(text)
    return text


def _checked_id(text: str) -> str:
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        raise ValueError("holds a lone surrogate")
    return text


EventTime = Annotated[str, AfterValidator(_checked_time)]
EventId = Annotated[str, StringConstraints(min_length=1, max_length=128), AfterValidator(_checked_id)]
ConversationId = Annotated[str, StringConstraints(min_length=1, max_length=256)]
TenantId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class Envelope(WireModel):
    """The members of every event. `time` keeps the sender's own text; `moment` is its value."""

    specversion: Literal["1.0"]
    id: EventId
    source: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    type: str
    subject: ConversationId | None = None
    time: EventTime
    tenantid: TenantId
    datacontenttype: str = "application/json"

    @cached_property
    def moment(self) -> datetime:
        """The time of the event in UTC, to the microsecond."""
        return parse_time(self.time)

    @cached_property
    def finer_digits(self) -> str:
        """The digits of `time` finer than a microsecond, so that two lines 100 ns apart keep their order."""
        return finer_digits(self.time)

    @property
    def attributes(self) -> Mapping[str, Any]:
        """The extension attributes that are no members of the model, as they came."""
        return self.model_extra or {}
