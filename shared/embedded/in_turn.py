"""Takes free messages of a subscription from all tenants in turn, so that one tenant's many keep no other waiting."""

import sqlite3
from collections.abc import Sequence
from itertools import chain, zip_longest

_WAITING = """
WITH RECURSIVE waiting (tenant_id) AS (
    SELECT min(tenant_id) FROM messages
    WHERE subscription = :subscription AND dead_reason IS NULL AND tenant_id > :after
    UNION ALL
    SELECT (
        SELECT min(tenant_id) FROM messages
        WHERE subscription = :subscription AND dead_reason IS NULL AND tenant_id > waiting.tenant_id
    ) FROM waiting WHERE tenant_id IS NOT NULL LIMIT :limit
)
SELECT tenant_id FROM waiting WHERE tenant_id IS NOT NULL
"""
"""The tenants whose messages wait or are being handled, by a jump in the index from one to the next."""

_MOST_TENANTS = 1000
_FREE = """
SELECT sequence, message_id, body, enqueued_at, tenant_id, ifnull(delivery_count, 0) + 1 AS delivery_count
FROM messages LEFT JOIN deliveries USING (sequence)
WHERE subscription = ? AND tenant_id = ? AND dead_reason IS NULL AND sequence > ? AND ifnull(locked_until, 0) <= ?
ORDER BY sequence LIMIT ?
"""


def free_in_turn(
    connection: sqlite3.Connection, subscription: str, tenants: Sequence[str], now: float, limit: int
) -> list[sqlite3.Row]:
    """Up to `limit` free messages of these tenants, each of which has the same share.

    What one does not need is shared by the others. A tenant's own come oldest first, and the first of each tenant
    before the second of any.
    """
    taken: dict[str, list[sqlite3.Row]] = {tenant: [] for tenant in tenants}
    left, hungry = limit, list(tenants)
    while left and hungry:
        share, asked, hungry = max(1, left // len(hungry)), hungry, []
        for tenant in asked[:left]:
            own = taken[tenant]
            last = own[-1]["sequence"] if own else 0
            rows = connection.execute(_FREE, (subscription, tenant, last, now, min(share, left))).fetchall()
            own += rows
            left -= len(rows)
            if len(rows) == share:
                hungry.append(tenant)
    return [row for row in chain.from_iterable(zip_longest(*taken.values())) if row is not None]


def waiting_tenants(connection: sqlite3.Connection, subscription: str, after: str) -> Sequence[str]:
    """The tenants that have messages, those after this one first. Of very many some, so that all have their turn."""
    given = {"subscription": subscription, "after": after, "limit": _MOST_TENANTS}
    later = [tenant for (tenant,) in connection.execute(_WAITING, given)]
    if not after or len(later) == _MOST_TENANTS:
        return later
    first = [tenant for (tenant,) in connection.execute(_WAITING, {**given, "after": ""})]
    return [*later, *(tenant for tenant in first if tenant <= after)]
