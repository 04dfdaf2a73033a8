"""`python -m local rebuild`: fold all facts of a database anew, and compare with what is stored."""

from shared.bootstrap import embedded
from shared.clock import SystemClock
from shared.settings import Settings


async def compare_database(settings: Settings) -> bool:
    """Print a line per tenant, and one per difference; whether there is none. Raises DatabaseInUse."""
    pipeline = embedded(settings, SystemClock())
    same = True
    for tenant_id in await pipeline.configurations.tenants():
        found = await pipeline.rebuild.compare(tenant_id)
        same = same and not found.differences
        counts = f"{found.conversations} conversations and {found.months} months rebuilt from their facts"
        print(f"{tenant_id}: {counts}, {len(found.differences)} differences")
        for difference in found.differences:
            print(f"  {difference}")
    await pipeline.close()
    return same
