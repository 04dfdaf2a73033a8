"""With a faulty recorder, comparison or ledger handed in, the test of the invariant fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

import pytest

from shared.rebuild.compare import Difference, Rebuild
from shared.tenants.history import History
from shared.usage.ledger import Books, DayCounts, LedgerRow
from tests.conversations.pipelines import InMemory, with_recorder
from tests.effects.test_negative_controls import never_above
from tests.fakes import MemoryLedger
from tests.rebuild import test_repair


async def test_a_head_that_is_committed_anew_begins_at_the_first_revision() -> None:
    with pytest.raises(AssertionError, match="2026-10: the row of c1 differs"):
        await test_repair.test_what_comes_after_a_repair_counts_though_the_head_began_anew(with_recorder(never_above))


@dataclass(frozen=True)
class LookingOnce(Rebuild):
    """A comparison that gives its first answer again when it should look a second time."""

    seen: list[tuple[int, list[Difference]]] = field(default_factory=list)

    async def _months(
        self, tenant_id: str, history: History, rows: Mapping[str, LedgerRow]
    ) -> tuple[int, list[Difference]]:
        if not self.seen:
            self.seen.append(await super()._months(tenant_id, history, rows))
        return self.seen[0]


async def test_what_is_recorded_during_a_comparison_is_a_difference() -> None:
    with pytest.raises(AssertionError, match="new differs"):
        await test_repair.test_what_is_recorded_during_a_comparison_is_no_difference(
            partial(InMemory, rewired=lambda pipeline: replace(pipeline, rebuild=LookingOnce(**vars(pipeline.rebuild))))
        )


class NeverRestated(MemoryLedger):
    """A ledger that does not restate its counters."""

    async def restate(self, tenant_id: str, month: str, books: Books, counts: Mapping[str, DayCounts]) -> None:
        return


async def test_counters_are_not_restated_before_rows_are_posted() -> None:
    with pytest.raises(AssertionError, match="2026-10: the days are not what the rows add up to"):
        await test_repair.test_what_was_lost_and_miscounted_is_found_and_repaired(NeverRestated())
