"""Performs effects in the transaction that commits the head which asks for them, as all are in one file.

Each is performed in a savepoint. One that fails stays in the outbox, and is performed as on any other store.
"""

import sqlite3
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Protocol

from shared.conversations.effect import Effect, PendingEffect
from shared.conversations.ports import Head

Performed = Callable[[sqlite3.Connection], bool]
"""Performs an effect. False if it is not done, and other ways must be tried."""

_NEVER_TRIED = datetime.min.replace(tzinfo=UTC)


class EmbeddedEffect(Protocol):
    """Performs effects of one kind on a connection."""

    async def performing(self, tenant_id: str, conversation_id: str, effect: Effect) -> Performed:
        """What performs the effect within a transaction. All that has to be asked elsewhere is asked before."""
        ...


class WithinCommit:
    """Performs the effects of these kinds that nobody has tried yet."""

    def __init__(self, kinds: Mapping[str, EmbeddedEffect]) -> None:
        self._kinds = kinds

    async def performing(self, tenant_id: str, head: Head) -> Callable[[sqlite3.Connection], Head] | None:
        """What performs the head's effects within a transaction and returns the head without them; None without any."""
        conversation_id = head.conversation.conversation_id
        prepared = {
            name: await self._kinds[pending.effect.kind].performing(tenant_id, conversation_id, pending.effect)
            for name, pending in head.outbox.items()
            if pending.effect.kind in self._kinds and not pending.attempts
        }

        def perform(connection: sqlite3.Connection) -> Head:
            return _performed(connection, head, prepared)

        return perform if prepared else None


def _performed(connection: sqlite3.Connection, head: Head, prepared: Mapping[str, Performed]) -> Head:
    left, tried = head, set[str]()
    # What is done may be what another effect waited for.
    while ready := [name for name in left.due_effects(_NEVER_TRIED) if name in prepared and name not in tried]:
        tried.update(ready)
        done: dict[str, PendingEffect] = {
            name: head.outbox[name] for name in ready if _succeeded(connection, prepared[name])
        }
        left = left.without(done)
    return left


def _succeeded(connection: sqlite3.Connection, performed: Performed) -> bool:
    connection.execute("SAVEPOINT effect")
    try:
        done = performed(connection)
    except Exception:  # of any kind: the dispatcher tries it again, and says what failed
        if not connection.in_transaction:
            raise  # a full disk has undone the whole transaction
        done = False
    if not done:
        connection.execute("ROLLBACK TO effect")
    connection.execute("RELEASE effect")
    return done
