"""A tenant's configurations as use cases read and put them, through a cache; and the secret of its pseudonyms."""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

from shared.aside import Aside
from shared.bounded_cache import BoundedCache
from shared.clock import Clock, is_recent
from shared.errors import Position, UnknownTenant, VersionConflict
from shared.events.pseudonym import Pseudonyms
from shared.personal_data import Deleted, keeps
from shared.tenants.changes import findings_of_change
from shared.tenants.configuration import TENANT_ID, Configuration
from shared.tenants.decode import decode_configuration, read_document
from shared.tenants.finding import Finding
from shared.tenants.history import History, Version
from shared.tenants.lint import lint
from shared.tenants.yaml_document import NO_PLACES

IN_FORCE_AFTER = timedelta(seconds=60)
"""The time from PUT until a version is in force; longer than any process may use its cache."""
MAX_CACHE_AGE = timedelta(seconds=30)
"""How old a cached history may be."""
ABSENCE_KEPT = timedelta(seconds=5)
"""How long a tenant that was not found is unknown without another look. Until then one that another process puts is
unknown here, too."""
_TENANT_ID = re.compile(TENANT_ID)
"""Whoever makes up an id that no tenant can have costs no look."""
_SECRET_BYTES = 32
"""As many as HMAC-SHA-256 gives: fewer would weaken it, more would not strengthen it (RFC 2104, section 3)."""


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
