"""With a faulty store, fact, recorder or function handed in, the test of the invariant fails."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cached_property, partial, reduce
from random import Random
from typing import Any

import pytest

from shared.conversations.apply_fact import apply_fact
from shared.conversations.blind_append import changes_head
from shared.conversations.bot_activity import MOST_BOTS, BotActivity, Invocation
from shared.conversations.commit import Committed, Committer
from shared.conversations.conversation import Conversation
from shared.conversations.effect import Effect, FollowUp
from shared.conversations.fact import Fact
from shared.conversations.order import SortKey
from shared.conversations.ports import Beside, Head
from shared.conversations.record import Recorded, Recorder
from shared.conversations.traces import traced_decisions
from shared.conversations.transcript import Audience, TranscriptEntry, transcript
from shared.effects.reconcile import reconcile
from shared.errors import UnknownConversation
from shared.events.catalog import Event
from shared.events.conversation_key import conversation_key
from shared.events.stamp import Stamp
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.routing.condition import Comparison
from shared.routing.decision import Decision, Given
from shared.routing.trace import TracedDecision
from shared.tenants.history import History
from shared.wire import replace
from tests.builders import FROM_THE_BEGINNING, contoso, fact_of, message
from tests.conversations import (
    test_bot_activity,
    test_changed_lines,
    test_due_actions,
    test_every_order,
    test_fold,
    test_order,
    test_races,
    test_record,
    test_traces,
    test_transcript,
)
from tests.conversations.pipelines import NOW, InMemory, Pipelines, with_recorder
from tests.effects import test_archive, test_reconcile
from tests.fakes import MemoryConfigurations, MemoryConversations
from tests.ingress import test_ingress_to_bill


class Keeping(MemoryConversations):
    """A store whose facts come back as facts of another kind."""

    def __init__(self, kind: Callable[[str, Event, datetime, datetime], Fact]) -> None:
        super().__init__()
        self._kind = kind

    async def append(self, tenant_id: str, key: str, facts: Sequence[Fact], beside: Sequence[Beside] = ()) -> None:
        await super().append(tenant_id, key, self._kept(facts), beside)

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, self._kept(facts), head, etag, beside)

    def _kept(self, facts: Sequence[Fact]) -> Sequence[Fact]:
        return [self._kind(fact.id, fact.event, fact.at, fact.received_at) for fact in facts]


class Unordered(Fact):
    """A fact that is equal in order to every other one, so that each stays where it arrived."""

    @cached_property
    def order(self) -> SortKey:
        return SortKey(FROM_THE_BEGINNING, FROM_THE_BEGINNING, "", False, -1, Stamp(FROM_THE_BEGINNING), "")


async def test_facts_are_not_sorted() -> None:
    with pytest.raises(AssertionError, match="rows"):
        await test_every_order.test_every_order_of_seven_facts_gives_one_outcome(
            lambda: InMemory(conversations=Keeping(Unordered))
        )


def by_time_alone(tenant_id: str, conversation_id: str, facts: Iterable[Fact], history: History) -> Conversation:
    """Fold the facts without taking the start first."""
    begun = Conversation(tenant_id=tenant_id, conversation_id=conversation_id, key=conversation_key(conversation_id))
    ordered = sorted(facts, key=lambda fact: fact.order)
    return reduce(lambda conversation, fact: apply_fact(conversation, fact, history), ordered, begun)


def test_the_start_does_not_come_first() -> None:
    with pytest.raises(AssertionError, match=r"\[None, 'CreditCardQueue'\]"):
        test_fold.test_a_start_comes_first_even_where_its_clock_is_ahead(by_time_alone)


class Credulous(Recorder):
    """A recorder that takes each delivery of an event for another event."""

    async def record(self, tenant_id: str, event: Event) -> Recorded:
        another = event.model_copy(update={"id": f"{event.id} at {self.clock.now()}"})
        return await super().record(tenant_id, another)


async def test_a_duplicate_is_not_known_by_its_identity() -> None:
    with pytest.raises(AssertionError, match="Differing items"):
        await test_record.test_a_fact_delivered_again_changes_nothing(
            with_recorder(
                lambda recorder: Credulous(**{one.name: getattr(recorder, one.name) for one in fields(recorder)})
            )
        )


class EndFirst(Fact):
    """A fact that comes before its equals if it is an end."""

    @cached_property
    def order(self) -> SortKey:
        key = super().order
        return key._replace(ends=not key.ends)


def test_an_end_is_not_last_among_its_equals() -> None:
    with pytest.raises(AssertionError, match="nobody-declares-it"):
        test_fold.test_what_is_said_at_the_very_moment_of_the_end_still_belongs_to_it(EndFirst)


class Unstamped(Fact):
    """A fact whose stamp says nothing."""

    @cached_property
    def order(self) -> SortKey:
        return super().order._replace(stamp=Stamp(FROM_THE_BEGINNING))


class CauseBeatsTime(Fact):
    """A fact whose position in its request decides before its time."""

    @cached_property
    def order(self) -> SortKey:
        key = super().order
        return key._replace(at=FROM_THE_BEGINNING + timedelta(key.stamp.position))


class Clamped(Fact):
    """A fact whose own time is forgotten where it counts at another one."""

    @cached_property
    def order(self) -> SortKey:
        return super().order._replace(moment=self.at, finer="")


def keeping(kind: type[Fact]) -> Pipelines:
    """Pipelines whose facts are of this kind, when they are made and when they come from the store."""

    class Making(Committer):
        async def commit(self, tenant_id: str, key: str, facts: Sequence[Fact], history: History) -> Committed:
            made = [kind(fact.id, fact.event, fact.at, fact.received_at) for fact in facts]
            return await super().commit(tenant_id, key, made, history)

    of_the_kind = with_recorder(lambda recorder: replace(recorder, committing=Making))
    return lambda **ports: of_the_kind(conversations=Keeping(kind), **ports)


async def test_lines_of_one_set_stand_in_the_order_of_their_hashes() -> None:
    with pytest.raises(AssertionError, match=r"== \['1', '2', '3', '4'\]"):
        await test_order.test_four_lines_of_one_second_in_one_set_stand_as_they_were_sent(keeping(Unstamped))


@pytest.mark.parametrize("at_once", [True, False])
async def test_a_hash_chooses_the_bot_that_is_charged(at_once: bool) -> None:
    with pytest.raises(AssertionError, match="second"):
        await test_order.test_equal_threads_are_charged_to_the_same_bot(at_once, keeping(Unstamped))


async def test_a_cause_beats_the_time() -> None:
    with pytest.raises(AssertionError, match=r"\['asked', 'said before'\]"):
        await test_order.test_the_time_decides_before_the_position_in_a_request(keeping(CauseBeatsTime))


async def test_a_time_is_clamped_before_it_orders() -> None:
    with pytest.raises(AssertionError, match="late"):
        await test_order.test_the_hosts_clock_changes_neither_the_order_nor_the_count(10, keeping(Clamped))


def at_its_delivery(fact_id: str, event: Event, at: datetime, received_at: datetime) -> Fact:
    """Make a fact whose time, if that is ahead of our clock, counts as its delivery from the bus."""
    return Fact(fact_id, event, min(event.moment, received_at), received_at)


async def test_the_bus_decides_when_a_time_that_is_ahead_counts() -> None:
    with pytest.raises(AssertionError, match="Differing items"):
        await test_order.check_deliveries(
            Random(1), lambda **ports: InMemory(conversations=Keeping(at_its_delivery), **ports)
        )


class AsItArrives(Fact):
    """A fact that is equal in order to every other one of its time."""

    @cached_property
    def order(self) -> SortKey:
        return super().order._replace(stamp=Stamp(FROM_THE_BEGINNING), fact_id="")


def test_facts_of_one_time_have_no_order() -> None:
    facts = [
        AsItArrives(fact.id, fact.event, fact.at, NOW) for fact in (fact_of(message(event_id=n), NOW) for n in "ab")
    ]
    with pytest.raises(AssertionError, match="check_the_order"):
        test_order.check_the_order(facts, Random(0))


class LookingOnce(Committer):
    """Never loads the facts again after a commit."""

    async def _commit(self, *args: Any) -> Committed:
        return replace(await super()._commit(*args), settled=True)


async def test_whoever_closes_does_not_look_again() -> None:
    with pytest.raises(AssertionError, match="None is not None"):
        await test_record.test_a_line_that_races_with_the_closing_is_seen_by_one_of_them(
            with_recorder(lambda recorder: replace(recorder, committing=LookingOnce))
        )


class WithoutOutbox(MemoryConversations):
    """A store that does not keep the outbox of what is committed."""

    async def commit(
        self,
        tenant_id: str,
        key: str,
        facts: Sequence[Fact],
        head: Head,
        etag: str | None,
        beside: Sequence[Beside] = (),
    ) -> tuple[Head, str]:
        return await super().commit(tenant_id, key, facts, replace(head, outbox={}), etag, beside)


@pytest.mark.parametrize("done", [False, True])
async def test_effects_are_forgotten_when_the_power_is_cut(done: bool) -> None:
    with pytest.raises(AssertionError, match="rows"):
        await test_record.test_a_crash_at_any_operation_leaves_nothing_that_redelivery_does_not_mend(
            done, WithoutOutbox
        )


class Impatient(History):
    """A history with a retention that is a day too short."""

    @property
    def retention(self) -> timedelta:
        return super().retention - test_archive.DAY


class Shortened(MemoryConfigurations):
    """A store of configurations that gives such histories."""

    async def history(self, tenant_id: str) -> History | None:
        found = await super().history(tenant_id)
        return Impatient(found.versions) if found else None


async def test_a_conversation_is_forgotten_before_its_retention_is_over() -> None:
    with pytest.raises(AssertionError, match="== 2"):
        await test_archive.test_with_its_retention_a_conversation_is_forgotten_and_its_count_is_kept(
            partial(InMemory, configuration_store=Shortened())
        )


class Unseeing(Committer):
    """Leaves a head as it is after the end, with the time of the next check."""

    async def _head(self, tenant_id: str, state: Any, *args: Any) -> Head:
        head = await super()._head(tenant_id, state, *args)
        over = state.conversation is not None and state.conversation.closed_at is not None
        if not over:
            return head
        return replace(head, conversation=state.conversation, due_at=state.head.due_at)


async def test_a_late_line_that_nobody_sees_is_forgotten_with_its_conversation() -> None:
    # The test fails where it reads the lines, because the conversation is gone.
    with pytest.raises(UnknownConversation):
        await test_archive.test_a_line_that_comes_while_a_conversation_is_forgotten_keeps_all_of_it(
            with_recorder(lambda recorder: replace(recorder, committing=Unseeing))
        )


def unless_it_is_a_line(head: Head, fact: Fact, history: History, now: datetime) -> bool:
    """Take every line for one that does not change the head."""
    return not isinstance(fact.event, MessagePosted) and changes_head(head, fact, history, now)


def test_a_bots_first_word_is_only_appended() -> None:
    with pytest.raises(AssertionError, match="unless_it_is_a_line"):
        test_reconcile.test_a_bots_first_word_is_not_only_appended(unless_it_is_a_line)


def with_the_change_that_came_last(facts: Iterable[Fact], audience: Audience) -> list[TranscriptEntry]:
    """Know only the change that arrived last."""
    arrived = list(facts)
    changes = [fact for fact in arrived if isinstance(fact.event, MessageChanged)]
    return transcript([fact for fact in arrived if fact not in changes[:-1]], audience)


def test_a_line_says_what_the_change_that_came_last_says() -> None:
    with pytest.raises(AssertionError, match="at seven"):
        test_changed_lines.check_that_a_line_shows_what_it_says_now_and_what_it_said(with_the_change_that_came_last)


def test_the_customer_reads_what_somebody_took_back() -> None:
    with pytest.raises(AssertionError, match="at sevn"):
        test_changed_lines.check_that_a_customer_does_not_read_what_a_line_said(for_everybody)


def for_everybody(facts: Iterable[Fact], audience: Audience) -> list[TranscriptEntry]:
    """Give the agents' copy, whoever asks."""
    return transcript(facts, "agent")


def test_the_customer_reads_private_lines() -> None:
    with pytest.raises(AssertionError, match="between us"):
        test_transcript.check_who_reads_what([("Hello", "public"), ("between us", "private")], for_everybody)


def each_on_its_own(facts: Iterable[Fact], audience: Audience) -> list[TranscriptEntry]:
    """Show each fact's lines without looking at other facts."""
    return [entry for fact in facts for entry in transcript([fact], audience)]


def test_what_a_bot_hands_over_stands_there_twice() -> None:
    with pytest.raises(AssertionError, match="Hello"):
        test_transcript.test_a_line_that_several_tell_is_shown_once(each_on_its_own)


def without_follow_ups(
    before: Conversation | None, after: Conversation, revision: int, fact: Fact
) -> Mapping[str, Effect]:
    """Leave out the effects that repeat a line in the next conversation."""
    effects = reconcile(before, after, revision, fact)
    return {name: effect for name, effect in effects.items() if not isinstance(effect, FollowUp)}


async def test_what_an_end_did_not_know_of_goes_nowhere() -> None:
    # A line comes while the end before it is still on the bus, and is sent once more later.
    steps = [("end", 1, False, False), ("say", 2, False, True)]
    with pytest.raises(AssertionError, match=r"'2': \['1'\]"):
        await test_ingress_to_bill.check_that_retries_change_nothing(
            steps, Random(0), with_recorder(lambda recorder: replace(recorder, reconcile=without_follow_ups))
        )


async def test_a_line_that_the_closing_does_not_know_of_goes_nowhere() -> None:
    with pytest.raises(AssertionError, match=r"\(True, True\) != \(True, False\)"):
        await test_due_actions.test_no_race_of_a_line_with_the_closing_leaves_it_unanswered_or_closes_wrongly(
            with_recorder(lambda recorder: replace(recorder, reconcile=without_follow_ups))
        )


async def test_a_bots_policy_closes_who_waits_for_a_human() -> None:
    (stream,) = contoso().work_streams
    as_for_bots = stream.inactivity.model_copy(update={"open": stream.inactivity.bot})
    streams = (stream.model_copy(update={"inactivity": as_for_bots}),)
    with pytest.raises(AssertionError, match="'closed' == 'open'"):
        await test_due_actions.test_nobody_who_waits_for_a_human_is_closed_by_the_bots_policy(
            contoso().model_copy(update={"work_streams": streams})
        )


def at_its_own_time(fact_id: str, event: Event, at: datetime, received_at: datetime) -> Fact:
    """Make a fact that counts at its own time, even where it arrived before that."""
    return Fact(fact_id, event, event.moment, received_at)


async def test_a_version_that_is_put_later_judges_what_was_recorded() -> None:
    with pytest.raises(AssertionError, match="c1: the head differs"):
        await test_races.test_a_version_that_is_put_later_does_not_judge_what_was_recorded(
            partial(InMemory, conversations=Keeping(at_its_own_time))
        )


def from_what_it_holds(decisions: Iterable[Decision], facts: Iterable[Fact], history: History) -> list[TracedDecision]:
    """Trace without the facts: long values are lost."""
    shown = [one.model_copy(update={"variables": tuple(map(_without_long, one.variables))}) for one in decisions]
    return list(traced_decisions(shown, facts, history))


def _without_long(given: Given) -> Given:
    return given.model_copy(update={"long": ()})


def test_long_values_are_not_looked_up() -> None:
    condition = Comparison(variable="Topic", operator="hasData")
    values = {"Topic": test_traces.LONG}
    with pytest.raises(AssertionError, match="leads elsewhere"):
        test_traces.check_stored_decisions([(condition, "People")], [values], from_what_it_holds)


def keeping_whoever_comes_first(activity: BotActivity, new: Invocation) -> BotActivity:
    return activity if len(activity.invocations) >= MOST_BOTS else activity.with_invocation(new)


def test_a_bot_that_was_invoked_earlier_and_is_known_later_is_left_out() -> None:
    order = list(range(2 * MOST_BOTS + 10))
    test_bot_activity.check_the_earliest_invocations_stay(order, BotActivity.with_invocation)
    with pytest.raises(AssertionError, match="b0"):
        test_bot_activity.check_the_earliest_invocations_stay(order[::-1], keeping_whoever_comes_first)


def test_a_bots_every_line_is_a_turn() -> None:
    def every_line(ordered: Iterable[Fact], history: History) -> Counter[str]:
        lines = [fact for fact in ordered if isinstance(fact.event, MessagePosted)]
        return Counter(
            history.local_date(line.at).isoformat()
            for line in lines
            if isinstance(line.event, MessagePosted) and line.event.data.author.role == "bot"
        )

    with pytest.raises(AssertionError, match="'2026-10-05': 4"):
        test_bot_activity.check_a_turn_is_a_bots_public_line_that_answers_a_customer(every_line)
