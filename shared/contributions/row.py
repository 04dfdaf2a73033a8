"""Rows: what a conversation contributes to something that spans conversations, each with the revision of its head."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from shared.personal_data import Deleted, keeps
from shared.wire import ExactModel

TOMBSTONE_KEPT = timedelta(days=7)
"""How long a tombstone keeps its revision, so that a performer that stalled cannot bring its row back."""


class Total(ExactModel):
    """What rows add up to: one kind of rows, made by one policy, in one period."""

    kind: str
    policy: str
    period: str


class Row(ExactModel):
    """The conversation's (`key`) contribution at one revision of its head; `content` is a JSON text.

    Rows are listed by `standing`; a row without one contributes nothing any more and is a tombstone.
    """

    key: str
    revision: int
    standing: str | None
    content: str

    def replaces(self, stored: "Row | None") -> bool:
        """True if nothing is stored, or only a lower revision."""
        return stored is None or self.revision > stored.revision

    def kept_out_by(self, stored: "Row | None") -> int:
        """The revision of the stored row, if that stands instead of this one; else 0."""
        return 0 if stored is None or self.replaces(stored) or self == stored else stored.revision


class Occasion(ExactModel):
    """The fact whose recording changed what a conversation contributes: its id, its type, and when it arrived."""

    fact_id: str
    type: str
    received_at: str


@dataclass(frozen=True)
class RowPage:
    """Some rows in order of key. `continuation` asks for the next page; None: there is none."""

    rows: Sequence[Row]
    continuation: str | None


@keeps(
    "nothing that names a person: the conversation's key, which is made of a pseudonym, and what it adds to a total",
    found_by="the conversation's key",
    deleted=Deleted.BY_NOTHING,
    stays="the row; a tombstone goes after 7 days",
)
class Rows(Protocol):
    """The port to rows without counters. What has counters stands on an adapter of it, in the same transaction."""

    async def put(self, tenant_id: str, total: Total, row: Row) -> int:
        """Write the row, unless one of this or a higher revision is stored.

        Returns the revision of the other row that stands instead; 0 if this one does.
        """
        ...

    async def row(self, tenant_id: str, total: Total, key: str) -> Row | None:
        """The conversation's row, even a tombstone that is still kept; None if there is none."""
        ...

    async def rows(
        self, tenant_id: str, total: Total, standings: Sequence[str], after: str | None, limit: int
    ) -> RowPage:
        """A page of the rows of these standings, so without tombstones."""
        ...


def page_of(found: Sequence[Row], limit: int) -> RowPage:
    """The page, given its rows and, if there are more, the one after them."""
    return RowPage(found[:limit], found[limit - 1].key if len(found) > limit else None)
