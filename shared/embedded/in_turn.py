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

_FREE = """
SELECT sequence, message_id, body, enqueued_at, tenant_id, ifnull(delivery_count, 0) + 1 AS delivery_count
FROM messages LEFT JOIN deliveries USING (sequence)
WHERE subscription = ? AND tenant_id = ? AND dead_reason IS NULL AND sequence > ? AND ifnull(locked_until, 0) <= ?
ORDER BY sequence LIMIT ?
"""


def free_in_turn(
    connection: sqlite3.Connection, subscription: str, after: str, now: float, limit: int
) -> tuple[list[sqlite3.Row], str]:
    """Up to `limit` free messages, and where to go on.

    Each tenant has the same share, beginning with the first one `after` this; what it does not need is shared by the
    others. A tenant's own come oldest first, and the first of each tenant before the second of any.
    """
    tenants = _tenants(connection, subscription, after, limit)
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
    rounds = zip_longest(*taken.values())
    rows = [row for row in chain.from_iterable(rounds) if row is not None]
    # While everybody has a share each time, there is nothing to go on with.
    return rows, tenants[-1] if len(tenants) == limit else ""


def _tenants(connection: sqlite3.Connection, subscription: str, after: str, limit: int) -> Sequence[str]:
    """Up to `limit` tenants that have messages: those after this one first, then those from the beginning on."""
    given = {"subscription": subscription, "after": after, "limit": limit}
    later = [tenant for (tenant,) in connection.execute(_WAITING, given)]
    if not after or len(later) == limit:
        return later
    first = [tenant for (tenant,) in connection.execute(_WAITING, {**given, "after": "", "limit": limit - len(later)})]
    return [*later, *(tenant for tenant in first if tenant <= after)]
