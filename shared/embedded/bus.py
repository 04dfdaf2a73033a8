"""The topic on SQLite: at-least-once delivery, locks that expire, delivery counts, dead letters."""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from shared.clock import Clock
from shared.embedded.database import Database
from shared.events.bus import DELIVERIES_EXCEEDED, MAX_DELIVERY_COUNT, DeadLetter, message_of, subscription_for
from shared.events.catalog import Event

LOCK_SECONDS = 300.0
"""How long a delivery is locked for its receiver: as long as the Functions host renews a lock."""

_DIED_UNTIL = """
SELECT sequence, subscription, message_id, dead_reason, died_at, resubmissions FROM messages
WHERE dead_reason IS NOT NULL AND died_at <= ? ORDER BY sequence
"""
_REVIVE = """
INSERT INTO messages (subscription, message_id, body, enqueued_at, resubmissions)
SELECT subscription, message_id, body, ?, resubmissions + 1 FROM messages WHERE sequence = ?
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


@dataclass(frozen=True)
class Backlog:
    """The number of messages that wait or are being handled, and the number of dead letters."""

    active: int
    dead_letters: int


class EmbeddedBus:
    """The topic's publisher and subscriptions. Locks expire by `clock`, which need not be the conversations' clock."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._arrivals: dict[str, asyncio.Event] = {}

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """Publish the events. Each names its tenant itself: one topic serves all tenants."""
        messages = map(message_of, events)
        await self.send([(message.subject, message.message_id, message.body) for message in messages])

    async def send(self, messages: Sequence[tuple[str | None, str, bytes]]) -> None:
        """Enqueue raw messages (subject, message id, body), as any client of the bus can."""
        if not messages:
            return
        now = self._clock.now().isoformat()
        rows = [(subscription_for(subject), message_id, body, now) for subject, message_id, body in messages]

        def insert(connection: sqlite3.Connection) -> None:
            connection.executemany(
                "INSERT INTO messages (subscription, message_id, body, enqueued_at) VALUES (?, ?, ?, ?)", rows
            )

        await self._database.write(insert)
        for subscription in {row[0] for row in rows}:
            self._arrival(subscription).set()

    async def receive(self, subscription: str, limit: int) -> list[Delivery]:
        """Lock up to `limit` messages, the oldest first; wait for one if there is none."""
        while True:
            arrival = self._arrival(subscription)
            arrival.clear()
            if deliveries := await self._lock(subscription, limit):
                return deliveries
            await self._wait(subscription, arrival)

    async def complete(self, delivery: Delivery) -> bool:
        """Remove the message. False if the lock ran out and another receiver has the message by now."""

        def delete(connection: sqlite3.Connection) -> bool:
            held = "DELETE FROM messages WHERE sequence = ? AND delivery_count = ? AND dead_reason IS NULL"
            return connection.execute(held, (delivery.sequence, delivery.delivery_count)).rowcount == 1

        return await self._database.write(delete)

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        """Unlock the message; after its tenth delivery it becomes a dead letter."""
        dead = reason if delivery.delivery_count >= MAX_DELIVERY_COUNT else None
        died_at = self._clock.now().timestamp() if dead else None

        def release(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE messages SET locked_until = 0, dead_reason = ?, died_at = ?"
                " WHERE sequence = ? AND delivery_count = ?",
                (dead, died_at, delivery.sequence, delivery.delivery_count),
            )

        await self._database.write(release)
        self._arrival(delivery.subscription).set()

    def backlog(self) -> Backlog:
        counts = "SELECT count(*) - count(dead_reason) AS active, count(dead_reason) AS dead FROM messages"
        row = self._database.query(counts)[0]
        return Backlog(row["active"], row["dead"])

    def dead_letters(self) -> list[tuple[str, str]]:
        """(message id, reason) of every dead letter, oldest first."""
        rows = self._database.query(
            "SELECT message_id, dead_reason FROM messages WHERE dead_reason IS NOT NULL ORDER BY sequence"
        )
        return [(row["message_id"], row["dead_reason"]) for row in rows]

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        now = self._clock.now().isoformat()

        def revive(connection: sqlite3.Connection) -> list[tuple[str, DeadLetter]]:
            rows = connection.execute(_DIED_UNTIL, (until.timestamp(),)).fetchall()
            revived = [row for row in rows if worth(_dead_letter(row))]
            # A new sequence number makes it a new message, which no receiver of the dead one can settle.
            connection.executemany(_REVIVE, [(now, row["sequence"]) for row in revived])
            connection.executemany("DELETE FROM messages WHERE sequence = ?", [(row["sequence"],) for row in revived])
            return [(row["subscription"], _dead_letter(row)) for row in revived]

        resubmitted = await self._database.write(revive)
        for subscription in {subscription for subscription, _ in resubmitted}:
            self._arrival(subscription).set()
        return [letter for _, letter in resubmitted]

    async def release_locks(self) -> None:
        """Unlock every message: for a process that has just taken the file over from a dead one."""
        await self._database.write(lambda connection: connection.execute("UPDATE messages SET locked_until = 0"))

    def _arrival(self, subscription: str) -> asyncio.Event:
        return self._arrivals.setdefault(subscription, asyncio.Event())

    async def _wait(self, subscription: str, arrival: asyncio.Event) -> None:
        """Wait until a message arrives, or the first lock runs out."""
        row = self._database.query(
            "SELECT min(locked_until) AS first FROM messages WHERE subscription = ? AND dead_reason IS NULL",
            (subscription,),
        )[0]
        if row["first"] is None:
            await arrival.wait()
            return
        left = row["first"] - self._clock.now().timestamp()
        try:
            await asyncio.wait_for(arrival.wait(), max(left, 0.0))
        except TimeoutError:
            return

    async def _lock(self, subscription: str, limit: int) -> list[Delivery]:
        now = self._clock.now().timestamp()

        def take(connection: sqlite3.Connection) -> list[Delivery]:
            rows = connection.execute(
                "UPDATE messages SET locked_until = ?, delivery_count = delivery_count + 1 WHERE sequence IN ("
                "SELECT sequence FROM messages WHERE subscription = ? AND dead_reason IS NULL AND locked_until <= ?"
                " ORDER BY sequence LIMIT ?)"
                " RETURNING sequence, message_id, body, enqueued_at, delivery_count",
                (now + LOCK_SECONDS, subscription, now, limit),
            ).fetchall()
            # A receiver that dies does not abandon its message: the last lock just runs out.
            over = (row["sequence"] for row in rows if row["delivery_count"] > MAX_DELIVERY_COUNT)
            exhausted = [(DELIVERIES_EXCEEDED, now, sequence) for sequence in over]
            connection.executemany("UPDATE messages SET dead_reason = ?, died_at = ? WHERE sequence = ?", exhausted)
            alive = (row for row in rows if row["delivery_count"] <= MAX_DELIVERY_COUNT)
            return sorted((_delivery(subscription, row) for row in alive), key=lambda delivery: delivery.sequence)

        return await self._database.write(take)


def _delivery(subscription: str, row: sqlite3.Row) -> Delivery:
    return Delivery(
        sequence=row["sequence"],
        subscription=subscription,
        message_id=row["message_id"],
        body=row["body"],
        enqueued_at=row["enqueued_at"],
        delivery_count=row["delivery_count"],
    )


def _dead_letter(row: sqlite3.Row) -> DeadLetter:
    return DeadLetter(
        subscription=row["subscription"],
        message_id=row["message_id"],
        reason=row["dead_reason"],
        died_at=datetime.fromtimestamp(row["died_at"], UTC),
        resubmissions=row["resubmissions"],
    )
