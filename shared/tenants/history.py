"""The versions of a tenant's configuration, which of them judges a moment, and the secret of its pseudonyms."""

import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import ParamSpec, Protocol, TypeVar
from zoneinfo import ZoneInfo

from shared.aside import Aside
from shared.bounded_cache import BoundedCache
from shared.clock import Clock, is_recent
from shared.errors import InvalidRequest, Mistake, Position, TooLate, UnknownTenant, VersionConflict
from shared.events.pseudonym import Pseudonyms
from shared.personal_data import Deleted, keeps
from shared.routing.compiled_rules import CompiledRules
from shared.tenants.changes import findings_of_change
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration, read_document
from shared.tenants.finding import Finding
from shared.tenants.lint import lint
from shared.tenants.yaml_document import NO_PLACES

IN_FORCE_AFTER = timedelta(seconds=60)
"""The time from PUT until a version is in force; longer than any process may use its cache."""
MAX_CACHE_AGE = timedelta(seconds=30)
"""How old a cached history may be."""
ABSENCE_KEPT = timedelta(seconds=5)
"""How long a tenant that was not found is unknown without another look. Until then one that another process puts is
unknown here, too."""
_TENANT_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
"""What a configuration's `tenantId` matches (`Configuration`): whoever makes up another one costs no look."""
_SECRET_BYTES = 32
"""As many as HMAC-SHA-256 gives: fewer would weaken it, more would not strengthen it (RFC 2104, section 3)."""

P = ParamSpec("P")
T = TypeVar("T")


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

    def refuse_too_late(self, moment: datetime, now: datetime) -> None:
        """Raises TooLate if the moment is longer ago than the tenant's retention."""
        if moment < now - self.retention:
            raise TooLate(moment, self.retention.days)

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


@keeps(
    "names and object ids of agents; nothing of customers, but the secret of their pseudonyms",
    found_by="the tenant alone",
    deleted=Deleted.BY_NOTHING,
    stays="every version, because decisions are explained by theirs",
)
class ConfigurationStore(Protocol):
    """The port to the stored versions, and to each tenant's secret, which never changes."""

    async def tenants(self) -> Sequence[str]:
        """Every tenant that has a configuration; for timers only."""
        ...

    async def history(self, tenant_id: str) -> History | None: ...

    async def secret(self, tenant_id: str) -> bytes | None:
        """The secret of the tenant's pseudonyms; None for a tenant without versions."""
        ...

    async def create(self, tenant_id: str, first: Version, secret: bytes) -> None:
        """Store the tenant's first version together with its secret. Raises VersionConflict if there is one."""
        ...

    async def add(self, tenant_id: str, version: Version) -> None:
        """Store a later version. Raises VersionConflict if its number is taken."""
        ...


class Configurations:
    """Reads histories through a cache, and stores new versions.

    What is put is decoded and checked in a thread, one configuration at a time, so that no other request waits for it.
    """

    def __init__(self, store: ConfigurationStore, clock: Clock, aside: Aside | None = None) -> None:
        self._store = store
        self._clock = clock
        self._aside = aside or Aside()
        self._cache: dict[str, tuple[datetime, History]] = {}
        self._pseudonyms: dict[str, Pseudonyms] = {}
        self._absent: BoundedCache[str, datetime] = BoundedCache()

    async def tenants(self) -> Sequence[str]:
        return await self._store.tenants()

    async def of(self, tenant_id: str, *, certain: bool = False) -> History:
        """The tenant's history, at most 30 s old. Raises UnknownTenant.

        `certain`: the store is asked even if it had no such tenant a moment ago.
        """
        now = self._clock.now()
        checked, history = self._cache.get(tenant_id, (None, None))
        if history is None or not is_recent(checked, now, MAX_CACHE_AGE):
            if not certain:
                self._refuse_absent(tenant_id, now)
            history = await self._store.history(tenant_id)
            if history is None:
                raise self._unknown(tenant_id, now)
            self._absent.discard(tenant_id)
            self._cache[tenant_id] = (now, history)
        return history

    async def pseudonyms(self, tenant_id: str) -> Pseudonyms:
        """The tenant's pseudonyms. Raises UnknownTenant."""
        if tenant_id not in self._pseudonyms:
            now = self._clock.now()
            self._refuse_absent(tenant_id, now)
            secret = await self._store.secret(tenant_id)
            if secret is None:
                raise self._unknown(tenant_id, now)
            self._pseudonyms[tenant_id] = Pseudonyms(secret)
        return self._pseudonyms[tenant_id]

    async def retention(self, tenant_id: str) -> timedelta:
        """The tenant's retention; for an unknown tenant the default one."""
        try:
            return (await self.of(tenant_id)).retention
        except UnknownTenant:
            return timedelta(days=Configuration.model_fields["retention_days"].default)

    async def findings(
        self, tenant_id: str, version: Version, body: bytes
    ) -> Sequence[tuple[Finding, Position | None]]:
        """What the administrator should know of a version, although it is valid, and of what it changes.

        Each finding comes with its place in the body that was put, if that is YAML.
        """
        before = (await self.of(tenant_id)).numbered(version.number - 1)
        return await self._aside.run(_findings, before, version, body)

    async def put(self, tenant_id: str, body: bytes, expected: int | None) -> Version:
        """Validate and store a new version, in force in 60 s (a tenant's first: at once, and for all that was before).

        A tenant's first version comes with the secret of its pseudonyms. Putting the latest document again returns its
        version. `expected` is the version number that the author read (If-Match). Raises InvalidConfiguration,
        VersionConflict.
        """
        configuration = await self._aside.run(decode_configuration, tenant_id, body)
        history = await self._store.history(tenant_id)
        self._absent.discard(tenant_id)
        current = history.latest.number if history else 0
        if expected is not None and expected != current:
            raise VersionConflict(current)
        if history and history.latest.configuration == configuration:
            return history.latest
        if history is None:
            version = Version(1, self._clock.now(), configuration)
            await self._store.create(tenant_id, version, secrets.token_bytes(_SECRET_BYTES))
        else:
            version = Version(current + 1, self._clock.now() + IN_FORCE_AFTER, configuration)
            await self._store.add(tenant_id, version)
        self._cache.pop(tenant_id, None)
        # Again: somebody may have looked in vain meanwhile.
        self._absent.discard(tenant_id)
        return version

    def _refuse_absent(self, tenant_id: str, now: datetime) -> None:
        """Raises UnknownTenant if no tenant can have this id, or none had it a moment ago."""
        if not _TENANT_ID.fullmatch(tenant_id):
            raise UnknownTenant(tenant_id)
        if is_recent(self._absent.get(tenant_id), now, ABSENCE_KEPT):
            raise UnknownTenant(tenant_id)

    def _unknown(self, tenant_id: str, now: datetime) -> UnknownTenant:
        self._absent.put(tenant_id, now)
        return UnknownTenant(tenant_id)


def _findings(before: Version | None, version: Version, body: bytes) -> list[tuple[Finding, Position | None]]:
    changes = findings_of_change(before.configuration, version.configuration) if before else ()
    found = [*changes, *lint(version.configuration)]
    places = read_document(body)[1] if found else NO_PLACES
    return [(one, places.position_of(one.path)) for one in found]
