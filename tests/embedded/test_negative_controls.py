"""The suites of the ports notice what an adapter on SQLite gets wrong: each is run against one that is faulty."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime

import pytest

from shared.conversations.fact import Fact
from shared.conversations.ports import Beside, ConversationStore, Head
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger
from shared.usage.ledger import Books, LedgerRow
from tests.contract import test_conversation_store, test_ledger

NOT_REFUSED = pytest.fail.Exception
"""Raised by `pytest.raises` where nothing was."""


class TakesEveryRowForNew(EmbeddedLedger):
    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        known = await self.row(tenant_id, row.month, row.key)
        revision = max(row.revision, known.revision + 1) if known else row.revision
        return await super().post(tenant_id, row.model_copy(update={"revision": revision}))


async def test_a_lower_revision_replaces_a_ledger_row(database: Database) -> None:
    with pytest.raises(AssertionError, match="revision=3"):
        await test_ledger.test_only_a_higher_revision_replaces_a_row(TakesEveryRowForNew(database), late=1)


class ClosesNothing(EmbeddedLedger):
    """Says of a month that it is closed, and lets it take posts."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self._closings: dict[tuple[str, str], datetime] = {}

    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        self._closings[tenant_id, month] = at

    async def books(self, tenant_id: str, month: str) -> Books:
        return replace(await super().books(tenant_id, month), closed_at=self._closings.get((tenant_id, month)))


async def test_a_closed_month_takes_posts(database: Database) -> None:
    with pytest.raises(NOT_REFUSED, match="DayClosed"):
        await test_ledger.test_a_closed_month_never_changes(ClosesNothing(database), test_ledger.row("c2"))


class ClosesWhateverWasRead(EmbeddedLedger):
    async def close(self, tenant_id: str, month: str, books: Books, at: datetime) -> None:
        await super().close(tenant_id, month, await self.books(tenant_id, month), at)


async def test_a_month_is_closed_without_what_was_posted_during_the_count(database: Database) -> None:
    ledger, later = ClosesWhateverWasRead(database), test_ledger.row("c2")
    with pytest.raises(NOT_REFUSED, match="BooksChanged"):
        await test_ledger.test_a_post_that_was_not_counted_keeps_a_month_from_closing(ledger, later)


class TakesEveryETag(EmbeddedConversations):
    async def save_head(self, tenant_id: str, key: str, head: Head, etag: str) -> str:
        return await super().save_head(tenant_id, key, head, await self._current(tenant_id, key) or etag)

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, facts, head, etag and await self._current(tenant_id, key))

    async def _current(self, tenant_id: str, key: str) -> str | None:
        found = await self.read_head(tenant_id, key)
        return found[1] if found else None


@pytest.mark.parametrize(
    "check",
    [
        test_conversation_store.test_a_conflict_on_the_head_leaves_no_fact,
        test_conversation_store.test_a_head_is_not_saved_with_an_old_etag,
    ],
)
async def test_the_head_is_replaced_whatever_its_etag(
    database: Database, check: Callable[[ConversationStore], Awaitable[None]]
) -> None:
    with pytest.raises(NOT_REFUSED, match="HeadChanged"):
        await check(TakesEveryETag(database))
