"""The versions of a tenant's configuration, and which of them judges a moment. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

from shared.errors import InvalidRequest, Mistake, TooLate
from shared.routing.compiled_rules import CompiledRules
from shared.tenants.configuration import Configuration


@dataclass(frozen=True)
class Version:
    """One immutable version. `in_force_from` is in UTC; of the first version it is when that was put."""

    number: int
    in_force_from: datetime
    configuration: Configuration

    @property
    def judges_from(self) -> datetime:
        """The earliest moment that it judges: the first version judges all that was before it, too."""
        return self.in_force_from if self.number > 1 else datetime.min.replace(tzinfo=UTC)

    @cached_property
    def rules(self) -> Mapping[str, CompiledRules]:
        """The compiled rules of each work stream."""
        queues = self.configuration.queues
        return {stream.id: CompiledRules.of(stream, queues) for stream in self.configuration.work_streams}


def version_named(etag: str | None) -> int | None:
    """The version number in an `If-Match` header; None without one, or for `*`. Raises InvalidRequest."""
    if etag is None or etag.strip() == "*":
        return None
    number = etag.strip().removeprefix("W/").strip('"')
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        raise InvalidRequest([Mistake("If-Match", 'is no version such as "3"')])
    return int(number)


@dataclass(frozen=True)
class History:
    """All versions of one tenant, oldest first; never empty."""

    versions: Sequence[Version]

    @property
    def latest(self) -> Version:
        return self.versions[-1]

    def at(self, moment: datetime) -> Version:
        """The version that judges a fact of this moment, however late the fact arrives."""
        if self.versions[-1].in_force_from <= moment:
            return self.versions[-1]
        return next((v for v in reversed(self.versions) if v.in_force_from <= moment), self.versions[0])

    def between(self, begins: datetime, ends: datetime) -> Sequence[Version]:
        """The versions that judge facts of these moments, and of all between them."""
        first = self.at(begins)
        if first is self.versions[-1]:
            return (first,)
        return (first, *(version for version in self.versions if begins < version.in_force_from <= ends))

    def numbered(self, number: int | None) -> Version | None:
        return next((version for version in self.versions if version.number == number), None)

    @property
    def retention(self) -> timedelta:
        """How long the tenant keeps a conversation after its newest fact."""
        return timedelta(days=self.latest.configuration.retention_days)

    def refuse_too_late(self, moment: datetime, now: datetime, path: str = "time") -> None:
        """Raises TooLate, naming the member that says the moment, if that is longer ago than the tenant's retention."""
        if moment < now - self.retention:
            raise TooLate(moment, self.retention.days, path)

    def local_date(self, moment: datetime) -> date:
        """The tenant's calendar date of a moment.

        A time zone holds for a whole month in UTC: that of the version in force when the month
        began. So each moment has exactly one date, and no month changes its zone half-way.
        """
        try:
            utc = moment.astimezone(UTC)
            return utc.astimezone(ZoneInfo(self.time_zone(utc.date().isoformat()[:7]))).date()
        except OverflowError:
            # Within a day of the first or the last moment that there is, in which nothing happens.
            return moment.date()

    def time_zone(self, month: str) -> str:
        """The IANA name of the zone that holds for a month (yyyy-mm)."""
        return self.at(datetime.fromisoformat(f"{month}-01T00:00:00+00:00")).configuration.time_zone
