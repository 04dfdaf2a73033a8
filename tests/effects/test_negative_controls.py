"""With a faulty archive, archiver or port handed in, the test of the invariant fails."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import pytest

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect, FollowUp, Outbox
from shared.conversations.fact import Fact
from shared.conversations.ports import Head
from shared.conversations.record import Recorder
from shared.effects.archive import Archive, Archiver
from shared.effects.dispatcher import Dispatcher, Outcomes
from shared.effects.handler import Done, KeptOut
from shared.effects.reconcile import reconcile
from shared.events.catalog import Event
from shared.pipeline import Pipeline
from shared.usage.closing import Unposted
from shared.wire import replace as replace_members
from tests.conversations import test_contents
from tests.conversations.pipelines import InMemory, with_recorder, with_timers
from tests.effects import test_archive, test_corrections, test_follow_up, test_ids_that_come_again


@dataclass(frozen=True)
class Unread:
    """An archive whose parts come back without their facts."""

    archive: Archive

    async def add(self, tenant_id: str, key: str, part: int, document: bytes) -> None:
        await self.archive.add(tenant_id, key, part, document)

    async def parts(self, tenant_id: str, key: str) -> Sequence[bytes]:
        parts = [json.loads(part) for part in await self.archive.parts(tenant_id, key)]
        return [json.dumps({**part, "facts": []}).encode() for part in parts]

    async def delete(self, tenant_id: str, key: str) -> None:
        await self.archive.delete(tenant_id, key)


async def test_what_the_archive_holds_already_is_archived_again() -> None:
    with pytest.raises(AssertionError, match=r"\[5, 6\] == \[5, 1\]"):
        await test_archive.test_a_crash_after_archiving_archives_nothing_twice(
            with_timers(
                lambda timers: replace(
                    timers, archiver=replace(timers.archiver, archive=Unread(timers.archiver.archive))
                )
            )
        )


class Hasty(Archiver):
    """An archiver that deletes the contents before the conversation."""

    async def forget(self, tenant_id: str, head: Head, etag: str, facts: Sequence[Fact]) -> None:
        note = await self.forgotten.note(tenant_id, head.conversation.key, facts)
        await self.forgotten.delete(tenant_id, note or b"")
        await super().forget(tenant_id, head, etag, facts)


async def test_contents_are_deleted_before_their_conversation_is() -> None:
    with pytest.raises(AssertionError, match="len"):
        await test_contents.test_a_line_that_comes_while_a_conversation_is_forgotten_keeps_its_contents(
            with_timers(lambda timers: replace(timers, archiver=Hasty(**vars(timers.archiver))))
        )


class Oblivious:
    """Outboxes that never name a conversation whose rows are still to be posted."""

    async def post(self, tenant_id: str, month: str) -> Sequence[Unposted]:
        return []


async def test_a_closing_does_not_look_into_outboxes() -> None:
    def rewired(pipeline: Pipeline) -> Pipeline:
        closing = replace(pipeline.usage.closing, outboxes=Oblivious())
        return replace(pipeline, usage=replace(pipeline.usage, closing=closing))

    with pytest.raises(AssertionError, match=r"\('closed', 1, \(\)\) == \('closed', 2, \(\)\)"):
        await test_corrections.test_a_month_closes_with_the_rows_that_a_crash_left_in_an_outbox(
            partial(InMemory, rewired=rewired)
        )


class NeverAbove(Dispatcher):
    """A dispatcher that leaves the head's revision as it is, whatever stands in the books."""

    def _after(self, head: Head, performed: Outbox, outcomes: Outcomes) -> tuple[Head, int]:
        done = {name: Done() if isinstance(each, KeptOut) else each for name, each in outcomes.items()}
        return super()._after(head, performed, done)


def never_above(recorder: Recorder) -> Recorder:
    """The recorder with such a dispatcher."""
    assert isinstance(recorder.effects, Dispatcher)
    return replace(recorder, effects=NeverAbove(**vars(recorder.effects)))


@pytest.mark.parametrize("first_life", test_ids_that_come_again.FIRST_LIVES.values())
async def test_a_second_life_begins_at_the_first_revision(first_life: list[Event]) -> None:
    with pytest.raises(AssertionError, match="the row of c1 differs"):
        await test_ids_that_come_again.check_the_row_of_a_second_life_stands(
            first_life, closed=False, pipelines=with_recorder(never_above)
        )


def naming_one(before: Conversation | None, after: Conversation, revision: int, fact: Fact) -> Mapping[str, Effect]:
    """Let only the fact go on whose recording made the change."""
    effects = reconcile(before, after, revision, fact)
    return {
        name: replace_members(effect, fact_id=fact.id) if isinstance(effect, FollowUp) else effect
        for name, effect in effects.items()
    }


async def test_a_line_that_was_stored_meanwhile_goes_nowhere() -> None:
    pipelines = with_recorder(lambda recorder: replace(recorder, reconcile=naming_one))
    with pytest.raises(AssertionError, match=r"Extra items in the right set:\n.*'m3'"):
        await test_follow_up.check_that_what_was_stored_meanwhile_goes_on(pipelines())
