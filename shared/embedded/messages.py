"""The bus's two tables: what becomes of messages and their deliveries within a transaction."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.events.bus import DeadLetter
from shared.ingress.parked_event import NO_TENANT

_INSERT = "INSERT INTO messages (subscription, tenant_id, message_id, body, enqueued_at) VALUES (?, ?, ?, ?, ?)"
_LOCK = "INSERT OR REPLACE INTO deliveries (sequence, delivery_count, locked_until) VALUES (?, ?, ?)"
_UNLOCK = "UPDATE deliveries SET locked_until = 0 WHERE sequence = ? AND delivery_count = ?"
_FORGET = "DELETE FROM deliveries WHERE sequence = ? AND delivery_count = ?"
_REMOVE = """
DELETE FROM messages WHERE sequence = ?
AND EXISTS (SELECT 1 FROM deliveries WHERE sequence = messages.sequence AND delivery_count = ?)
"""
_BURY = """
UPDATE messages SET dead_reason = ?, died_at = ? WHERE sequence = ?
AND EXISTS (SELECT 1 FROM deliveries WHERE sequence = messages.sequence AND delivery_count = ?)
"""
_DIED_UNTIL = """
SELECT sequence, subscription, tenant_id, message_id, dead_reason, died_at, resubmissions FROM messages
WHERE dead_reason IS NOT NULL AND died_at <= ? ORDER BY sequence
"""
_REVIVE = """
INSERT INTO messages (subscription, tenant_id, message_id, body, enqueued_at, resubmissions)
SELECT subscription, tenant_id, message_id, body, ?, resubmissions + 1 FROM messages WHERE sequence = ?
"""


@dataclass(frozen=True)
class Delivery:
    """One message, locked for a receiver; `delivery_count` is 1 the first time."""

    sequence: int
    subscription: str
    message_id: str
    body: bytes
    enqueued_at: str
    delivery_count: int
    tenant_id: str = NO_TENANT


@dataclass(frozen=True)
class NewMessage:
    """A message that is to be enqueued."""

    subscription: str
    message_id: str
    body: bytes


@dataclass(frozen=True)
class Revived:
    """A dead letter that became a new message, and the tenant whose it is."""

    tenant_id: str
    letter: DeadLetter


def enqueue(connection: sqlite3.Connection, tenant_id: str, messages: Sequence[NewMessage], at: str) -> None:
    """Write the tenant's messages, which come at this time (ISO 8601)."""
    rows = [(one.subscription, tenant_id, one.message_id, one.body, at) for one in messages]
    connection.executemany(_INSERT, rows)


def lock(connection: sqlite3.Connection, deliveries: Sequence[Delivery], until: float) -> None:
    """Hold the messages by these deliveries until then (seconds since 1970)."""
    connection.executemany(_LOCK, [(one.sequence, one.delivery_count, until) for one in deliveries])


def unlock(connection: sqlite3.Connection, delivery: Delivery) -> None:
    """Give the message back, if this delivery still holds it."""
    connection.execute(_UNLOCK, _held(delivery))


def remove(connection: sqlite3.Connection, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Delete the messages that are still held. Returns these."""
    removed = [one for one in deliveries if connection.execute(_REMOVE, _held(one)).rowcount]
    connection.executemany(_FORGET, map(_held, deliveries))
    return removed


def bury(connection: sqlite3.Connection, deliveries: Sequence[Delivery], reason: str, died_at: float) -> list[Delivery]:
    """Make dead letters of the messages that are still held. Returns these."""
    buried = [one for one in deliveries if connection.execute(_BURY, (reason, died_at, *_held(one))).rowcount]
    connection.executemany(_FORGET, map(_held, deliveries))
    return buried


def revive(
    connection: sqlite3.Connection, died_until: float, worth: Callable[[DeadLetter], bool], at: str
) -> list[Revived]:
    """Enqueue anew, at this time, the dead letters that died by then and are worth it."""
    rows = [row for row in connection.execute(_DIED_UNTIL, (died_until,)).fetchall() if worth(_dead_letter(row))]
    # A new sequence number makes it a new message, which no receiver of the dead one can settle.
    connection.executemany(_REVIVE, [(at, row["sequence"]) for row in rows])
    connection.executemany("DELETE FROM messages WHERE sequence = ?", [(row["sequence"],) for row in rows])
    return [Revived(row["tenant_id"], _dead_letter(row)) for row in rows]


def delivery_of(subscription: str, row: sqlite3.Row) -> Delivery:
    """The delivery of a message as it was read."""
    return Delivery(
        sequence=row["sequence"],
        subscription=subscription,
        message_id=row["message_id"],
        body=row["body"],
        enqueued_at=row["enqueued_at"],
        delivery_count=row["delivery_count"],
        tenant_id=row["tenant_id"],
    )


def _held(delivery: Delivery) -> tuple[int, int]:
    """What names a message while this delivery of it holds it."""
    return delivery.sequence, delivery.delivery_count


def _dead_letter(row: sqlite3.Row) -> DeadLetter:
    return DeadLetter(
        subscription=row["subscription"],
        message_id=row["message_id"],
        reason=row["dead_reason"],
        died_at=datetime.fromtimestamp(row["died_at"], UTC),
        resubmissions=row["resubmissions"],
    )
