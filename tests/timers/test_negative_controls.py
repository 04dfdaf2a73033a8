"""With faulty timers handed in, the test of the invariant fails."""

import pytest

from shared.timers.perform import Timers
from tests.conversations import test_contents
from tests.conversations.pipelines import with_timers


class Unswept(Timers):
    """Timers that do not know when it is the sweep that asks."""

    async def perform_due(self, tenant_id: str, conversation_id: str, *, from_sweep: bool = False) -> None:
        await super().perform_due(tenant_id, conversation_id)


async def test_a_crash_while_forgetting_leaves_contents_for_ever() -> None:
    with pytest.raises(AssertionError, match=r"== \{\}"):
        await test_contents.test_a_crash_before_the_contents_are_deleted_is_made_good(
            with_timers(lambda timers: Unswept(**vars(timers)))
        )
