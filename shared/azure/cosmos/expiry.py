"""When documents expire: a month after the tenant's retention, even if deleting them failed; facts earlier."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

GRACE = timedelta(days=31)
"""A conversation may last 30 days, and its first fact must not expire before its last one is old enough."""

HOT = timedelta(days=62)
"""How long facts are kept here at most; from then on the archive alone has them.

A conversation lasts 30 days at most and is archived a day later, so the archive may be out of reach for a month.
"""

Retention = Callable[[str], Awaitable[timedelta]]
"""Gives how long the tenant with this id keeps conversations."""


async def time_to_live(retention: Retention, tenant_id: str) -> int:
    """Seconds from a document's last write until it expires."""
    return int((await retention(tenant_id) + GRACE).total_seconds())


async def time_of_a_fact(retention: Retention, tenant_id: str) -> int:
    """Seconds from a fact's recording until its document expires."""
    return min(await time_to_live(retention, tenant_id), int(HOT.total_seconds()))
