"""`python -m local rebuild`: folds all facts anew, compares with what is stored, and repairs it on request."""

from pathlib import Path

from local.services import opened
from shared.pipeline import Pipeline


async def rebuild_on(database: Path | None, tenant: str | None, *, repair: bool) -> bool:
    """Compare, and with `repair` mend, all tenants or one. True if nothing differs in the end.

    Prints the place (`opened`), a line per tenant, and one per difference and per repair. Raises UnknownTenant,
    IncompleteSettings, DatabaseMissing and DatabaseInUse.
    """
    place, pipeline = opened(database)
    print(place)
    try:
        tenants = [tenant] if tenant else await pipeline.configurations.tenants()
        same = [await _rebuilt(pipeline, tenant_id, repair=repair) for tenant_id in tenants]
    finally:
        await pipeline.close()
    return all(same)


async def _rebuilt(pipeline: Pipeline, tenant_id: str, *, repair: bool) -> bool:
    comparison = await pipeline.rebuild.compare(tenant_id)
    counts = f"{comparison.conversations} conversations and {comparison.months} months rebuilt from their facts"
    print(f"{tenant_id}: {counts}, {len(comparison.differences)} differences")
    for difference in comparison.differences:
        print(f"  {difference}")
    if not repair or not comparison.differences:
        return not comparison.differences
    for line in await pipeline.repair.repair(tenant_id, comparison.found):
        print(f"  repair: {line}")
    remaining = (await pipeline.rebuild.compare(tenant_id)).differences
    print(f"{tenant_id}: repaired, {len(remaining)} differences left")
    for difference in remaining:
        print(f"  {difference}")
    return not remaining
