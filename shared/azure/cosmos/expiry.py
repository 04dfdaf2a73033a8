"""When documents expire: a month after the tenant's retention, whatever else went wrong with deleting them."""

from collections.abc import Awaitable, Callable

_SECONDS_A_DAY = 24 * 60 * 60
GRACE_DAYS = 31
"""A conversation may last 30 days, and its first fact must not expire before its last one is old enough."""

Retention = Callable[[str], Awaitable[int]]
"""The days for which a tenant keeps conversations."""


async def time_to_live(retention: Retention, tenant_id: str) -> int:
    """Seconds from a document's last write until it expires."""
    return (await retention(tenant_id) + GRACE_DAYS) * _SECONDS_A_DAY
