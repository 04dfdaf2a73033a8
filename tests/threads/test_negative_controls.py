"""With a faulty overflow handed in, the test of the invariant fails."""

from functools import partial

import pytest

from tests.conversations import test_contents
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryOverflow


class Deduplicating(MemoryOverflow):
    """An overflow that keeps each content once, at the first place that it is put."""

    async def put(self, tenant_id: str, place: str, sha256: str, content: bytes) -> None:
        if content not in self.contents.values():
            await super().put(tenant_id, place, sha256, content)


async def test_what_goes_on_in_the_next_conversation_leaves_its_contents_behind() -> None:
    with pytest.raises(AssertionError, match=r"\{'c1'\} == "):
        await test_contents.test_what_an_end_did_not_know_of_goes_on_with_contents_of_its_own(
            partial(InMemory, overflow=Deduplicating())
        )
