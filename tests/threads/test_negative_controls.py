"""With a faulty overflow or faulty links handed in, the test of the invariant fails."""

from functools import partial

import pytest

from shared.threads.links import LinkedThreads
from shared.threads.thread import Thread
from tests.conversations import test_contents
from tests.conversations.pipelines import InMemory
from tests.fakes import MemoryOverflow
from tests.threads import test_links


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


class Unfollowed(LinkedThreads):
    """Links that nobody follows."""

    async def load(self, tenant_id: str, key: str) -> tuple[Thread, str] | None:
        return await self.store.load(tenant_id, key)


async def test_the_newer_id_of_a_chat_is_another_thread() -> None:
    with pytest.raises(AssertionError):
        await test_links.check_that_a_linked_chat_goes_on(Unfollowed)
