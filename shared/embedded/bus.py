"""The topic on SQLite: at-least-once delivery, locks that expire, delivery counts, dead letters."""

import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shared.clock import Clock
from shared.embedded.backlogs import Backlogs
from shared.embedded.database import Database
from shared.embedded.in_turn import free_in_turn, waiting_tenants
from shared.embedded.messages import (
    Delivery,
    NewMessage,
    Revived,
    bury,
    delivery_of,
    enqueue,
    lock,
    remove,
    revive,
    unlock,
)
from shared.embedded.subscription import Subscription
from shared.events.bus import DELIVERIES_EXCEEDED, MAX_DELIVERY_COUNT, DeadLetter, message_of, subscription_for
from shared.events.catalog import Event
from shared.ingress.parked_event import NO_TENANT

Lane = Literal["all", "few", "many"]
"""The messages of all tenants, of those that have a few waiting, or of those that have many."""

LOCK_SECONDS = 300.0
"""How long a delivery is locked for its receiver: as long as the Functions host renews a lock."""

_FIRST_LOCK = """
SELECT min(locked_until) AS ends FROM deliveries CROSS JOIN messages USING (sequence) WHERE subscription = ?
"""
_WAITING = "SELECT tenant_id, count(*) AS waiting FROM messages WHERE dead_reason IS NULL GROUP BY tenant_id"


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
        self._subscriptions: defaultdict[tuple[str, Lane], Subscription] = defaultdict(Subscription)
        self._turns: dict[tuple[str, Lane], str] = {}
        waiting = {row["tenant_id"]: row["waiting"] for row in database.query(_WAITING)}
        self._backlogs = Backlogs(waiting, lambda: clock.now().timestamp())

    async def publish(self, tenant_id: str, events: Sequence[Event]) -> None:
        """Publish the events. Each names its tenant itself: one topic serves all tenants."""
        messages = map(message_of, events)
        await self.send([(message.subject, message.message_id, message.body) for message in messages], tenant_id)

    async def send(self, messages: Sequence[tuple[str | None, str, bytes]], tenant_id: str = NO_TENANT) -> None:
        """Enqueue raw messages (subject, message id, body), as any client of the bus can."""
        if not messages:
            return
        now = self._clock.now().isoformat()
        new = [NewMessage(subscription_for(subject), message_id, body) for subject, message_id, body in messages]

        def insert(connection: sqlite3.Connection) -> None:
            enqueue(connection, tenant_id, new, now)

        def noted(outcome: Exception | None) -> None:
            if outcome is None:
                self._backlogs.came(tenant_id, len(new))

        await self._database.write(insert, noted)
        self._may_be_free({one.subscription for one in new})

    async def receive(self, subscription: str, limit: int, lane: Lane = "all") -> list[Delivery]:
        """Lock up to `limit` messages, tenants in turn, each one's oldest first; wait for one if there is none.

        Only messages of the tenants that are in this lane are received.
        """
        known = self._subscriptions[subscription, lane]
        while True:
            await known.wait(self._clock.now().timestamp())
            now = self._clock.now().timestamp()
            lock_ran_out = known.lock_ends <= now
            known.looks(now + LOCK_SECONDS)
            try:
                deliveries = await self._lock(subscription, limit, now, lane)
            except BaseException:
                known.may_be_free()
                raise
            if lock_ran_out:
                known.lock_ends = self._first_lock(subscription)
            if len(deliveries) == limit:
                known.may_be_free()
            if deliveries:
                return deliveries

    async def complete(self, *deliveries: Delivery) -> bool:
        """Remove the messages. False if the lock of one ran out and another receiver has it by now."""

        def removing(connection: sqlite3.Connection) -> list[Delivery]:
            return remove(connection, deliveries)

        removed = await self._database.write(removing, self._note_gone)
        return len(removed) == len(deliveries)

    async def abandon(self, delivery: Delivery, reason: str) -> None:
        """Unlock the message; after its tenth delivery it becomes a dead letter."""
        died_at = self._clock.now().timestamp()

        def release(connection: sqlite3.Connection) -> list[Delivery]:
            if delivery.delivery_count >= MAX_DELIVERY_COUNT:
                return bury(connection, [delivery], reason, died_at)
            unlock(connection, delivery)
            return []

        await self._database.write(release, self._note_gone)
        self._may_be_free({delivery.subscription})

    def backlog(self) -> Backlog:
        # Each is counted in its index, which holds no body.
        row = self._database.query(
            "SELECT (SELECT count(*) FROM messages WHERE dead_reason IS NULL) AS active,"
            " (SELECT count(*) FROM messages WHERE dead_reason IS NOT NULL) AS dead"
        )[0]
        return Backlog(row["active"], row["dead"])

    def few_are_active(self) -> bool:
        """True if a tenant of the lane `few` had a message lately."""
        return self._backlogs.few_are_active()

    def too_deep_by(self, tenant_id: str) -> float:
        """How many seconds it takes until the tenant's backlog is not too deep any more; 0 if it is not."""
        return self._backlogs.too_deep_by(tenant_id)

    def backlog_seconds(self, tenant_id: str) -> float:
        """How long it takes until a message that the tenant publishes now is handled."""
        return self._backlogs.seconds(tenant_id)

    def dead_letters(self) -> list[tuple[str, str]]:
        """(message id, reason) of every dead letter, oldest first."""
        rows = self._database.query(
            "SELECT message_id, dead_reason FROM messages WHERE dead_reason IS NOT NULL ORDER BY sequence"
        )
        return [(row["message_id"], row["dead_reason"]) for row in rows]

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        now = self._clock.now().isoformat()

        def reviving(connection: sqlite3.Connection) -> list[Revived]:
            return revive(connection, until.timestamp(), worth, now)

        def noted(outcome: list[Revived] | Exception) -> None:
            for one in () if isinstance(outcome, Exception) else outcome:
                self._backlogs.came(one.tenant_id, 1)

        revived = await self._database.write(reviving, noted)
        self._may_be_free({one.letter.subscription for one in revived})
        return [one.letter for one in revived]

    async def release_locks(self) -> None:
        """Unlock every message: for a process that has just taken the file over from a dead one."""
        await self._database.write(lambda connection: connection.execute("UPDATE deliveries SET locked_until = 0"))
        for known in self._subscriptions.values():
            known.may_be_free()

    def _first_lock(self, subscription: str) -> float:
        ends: float | None = self._database.query(_FIRST_LOCK, (subscription,))[0]["ends"]
        return math.inf if ends is None else ends

    def _note_gone(self, outcome: list[Delivery] | Exception) -> None:
        gone = () if isinstance(outcome, Exception) else outcome
        for tenant_id, count in Counter(delivery.tenant_id for delivery in gone).items():
            had_many = self._backlogs.has_many(tenant_id)
            self._backlogs.went(tenant_id, count)
            if had_many and not self._backlogs.has_many(tenant_id):
                self._may_be_free({subscription for subscription, _ in self._subscriptions})

    def _may_be_free(self, subscriptions: Collection[str]) -> None:
        for subscription, lane in self._subscriptions:
            if subscription in subscriptions:
                self._subscriptions[subscription, lane].may_be_free()

    async def _lock(self, subscription: str, limit: int, now: float, lane: Lane) -> list[Delivery]:
        def served(tenant_id: str) -> bool:
            return lane == "all" or self._backlogs.has_many(tenant_id) == (lane == "many")

        def take(connection: sqlite3.Connection) -> list[Delivery]:
            after = self._turns.get((subscription, lane), "")
            waiting = waiting_tenants(connection, subscription, after)
            tenants = [tenant for tenant in waiting if served(tenant)]
            # While everybody has a share each time, there is nothing to go on with.
            self._turns[subscription, lane] = tenants[limit - 1] if len(tenants) > limit else ""
            rows = free_in_turn(connection, subscription, tenants[:limit], now, limit)
            found = [delivery_of(subscription, row) for row in rows]
            lock(connection, found, now + LOCK_SECONDS)
            # A receiver that dies does not abandon its message: the last lock just runs out.
            over = [one for one in found if one.delivery_count > MAX_DELIVERY_COUNT]
            bury(connection, over, DELIVERIES_EXCEEDED, now)
            return found

        def noted(outcome: list[Delivery] | Exception) -> None:
            if not isinstance(outcome, Exception):
                self._note_gone([one for one in outcome if one.delivery_count > MAX_DELIVERY_COUNT])

        found = await self._database.write(take, noted)
        return [one for one in found if one.delivery_count <= MAX_DELIVERY_COUNT]
