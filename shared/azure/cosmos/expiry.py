"""When documents expire: a month after the tenant's retention, even if deleting them failed."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

GRACE = timedelta(days=31)
"""A conversation may last 30 days, and its first fact must not expire before its last one is old enough."""

Retention = Callable[[str], Awaitable[timedelta]]
"""Gives how long the tenant with this id keeps conversations."""


async def time_to_live(retention: Retention, tenant_id: str) -> int:
    """Seconds from a document's last write until it expires."""
    return int((await retention(tenant_id) + GRACE).total_seconds())
