"""`python -m local rebuild`: fold all facts anew, and compare with what is stored; repair what differs, if asked to."""

from pathlib import Path

from local.host import load_local_settings
from shared.bootstrap import azure, embedded
from shared.clock import SystemClock
from shared.pipeline import Pipeline
from shared.settings import Azure, Settings


async def rebuild_on(database: Path | None, tenant: str | None, *, repair: bool) -> bool:
    """Compare, and repair where that is wanted, all tenants or one; whether nothing differs in the end.

    It is done in this file, else on the services that the environment names, else in the file of the settings. Prints
    where, a line per tenant, and one per difference and per repair. Raises UnknownTenant, IncompleteSettings and
    DatabaseInUse.
    """
    place, pipeline = _opened(database)
    print(place)
    try:
        tenants = [tenant] if tenant else await pipeline.configurations.tenants()
        same = [await _rebuilt(pipeline, tenant_id, repair=repair) for tenant_id in tenants]
    finally:
        await pipeline.close()
    return all(same)


def _opened(database: Path | None) -> tuple[str, Pipeline]:
    # Before the settings of this folder are added: the sample's name emulators, for `func start`.
    services = Settings().azure() if database is None else None
    if services is not None:
        return f"{_address(services)} {services.cosmos_database}", azure(services, SystemClock())
    load_local_settings()
    settings = Settings(database=database) if database else Settings()
    return str(settings.database), embedded(settings, SystemClock())


def _address(services: Azure) -> str:
    """The account's endpoint; never the key that an emulator's connection string has."""
    return next(part for part in services.cosmos.split(";") if not part.startswith("AccountKey="))


async def _rebuilt(pipeline: Pipeline, tenant_id: str, *, repair: bool) -> bool:
    found = await pipeline.rebuild.compare(tenant_id)
    counts = f"{found.conversations} conversations and {found.months} months rebuilt from their facts"
    print(f"{tenant_id}: {counts}, {len(found.differences)} differences")
    for difference in found.differences:
        print(f"  {difference}")
    if not repair or not found.differences:
        return not found.differences
    for line in await pipeline.repair.repair(tenant_id, found.found):
        print(f"  repair: {line}")
    left = (await pipeline.rebuild.compare(tenant_id)).differences
    print(f"{tenant_id}: repaired, {len(left)} differences left")
    for difference in left:
        print(f"  {difference}")
    return not left
