"""Every invariant has a negative control: with the code that keeps it broken on purpose, its test fails."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from opentelemetry import trace

from shared.telemetry import Attributes, Telemetry
from tests import test_telemetry
from tests.broken_copy import Edit, broken_copy, run_module
from tests.observed import observing


@dataclass(frozen=True)
class Control:
    """What is broken, where, and the test that must notice."""

    broken: str
    file: str
    code: str
    instead: str
    test: str


CONTROLS = (
    Control(
        "an event goes over the bus without its trace",
        "shared/traced/events.py",
        "bare.model_copy(update=attributes)",
        "bare.model_copy()",
        "tests/functions/test_traces.py::test_a_message_is_one_trace_from_the_webhook_to_the_ledger",
    ),
    Control(
        "facts are not sorted",
        "shared/conversations/order.py",
        "sorted({fact.id: fact for fact in facts}.values(), key=lambda fact: fact.order)",
        "list({fact.id: fact for fact in facts}.values())",
        "tests/conversations/test_every_order.py",
    ),
    Control(
        "the start does not come first",
        "shared/conversations/order.py",
        "return ordered if start is None else",
        "return ordered if True else",
        "tests/conversations/test_fold.py",
    ),
    Control(
        "a duplicate is not known by its identity",
        "shared/conversations/fact.py",
        "return self.event.identity",
        "return self.event.identity + self.received_at.isoformat()",
        "tests/conversations/test_record.py::test_a_fact_delivered_again_changes_nothing",
    ),
    Control(
        "an end is not last among its equals",
        "shared/conversations/fact.py",
        "isinstance(self.event, ConversationEnded)",
        "not isinstance(self.event, ConversationEnded)",
        "tests/conversations/test_fold.py",
    ),
    Control(
        "whoever closes does not look again",
        "shared/conversations/record.py",
        "loaded.head is None or not invalidates_appends(loaded.head.conversation, after)",
        "True",
        "tests/conversations/test_record.py::test_a_line_that_races_with_the_closing_is_seen_by_one_of_them",
    ),
    Control(
        "effects are forgotten when the power is cut",
        "shared/conversations/record.py",
        "return Head(after, revision, outbox,",
        "return Head(after, revision, {},",
        "tests/conversations/test_record.py",
    ),
    Control(
        "a conversation is forgotten before its retention is over",
        "shared/conversations/retention.py",
        "max(fact.at for fact in facts) + retention",
        "min(fact.at for fact in facts) + retention",
        "tests/effects/test_archive.py",
    ),
    Control(
        "a late line that nobody sees is forgotten with its conversation",
        "shared/conversations/record.py",
        "and (other.closed_at is None or before.due_at == after.due_at)",
        "",
        "tests/effects/test_archive.py",
    ),
    Control(
        "what the archive holds already is archived again",
        "shared/effects/archive.py",
        "if fact.id not in known",
        "if True",
        "tests/effects/test_archive.py",
    ),
    Control(
        "an event is published before what it stands for is kept",
        "shared/events/overflow.py",
        "    for one in checked_in:\n",
        "    await publisher.publish(tenant_id, [one.event for one in checked_in])\n    for one in checked_in:\n",
        "tests/conversations/test_contents.py::test_contents_are_kept_before_their_event_is_published",
    ),
    Control(
        "contents are deleted before their conversation is",
        "shared/effects/archive.py",
        "        await self.archive.delete(tenant_id, key)\n",
        "        await self.archive.delete(tenant_id, key)\n        await self.forget_contents(tenant_id, key)\n",
        "tests/conversations/test_contents.py",
    ),
    Control(
        "contents of a parked event outlive it",
        "shared/ingress/parked_event_service.py",
        "            await self.overflow.delete(tenant_id, place_of(event))\n",
        "            place_of(event)\n",
        "tests/conversations/test_contents.py",
    ),
    Control(
        "a crash while forgetting leaves contents for ever",
        "shared/timers/perform.py",
        "if sweeping and not loaded.facts:",
        "if False:",
        "tests/conversations/test_contents.py",
    ),
    Control(
        "what goes on in the next conversation leaves its contents behind",
        "shared/threads/resolve.py",
        "        await carry(self._overflow, tenant_id, place_of(event), repeated)\n",
        "",
        "tests/conversations/test_contents.py",
    ),
    Control(
        "what stays apart depends on the envelope",
        "shared/events/claim_check.py",
        "    left = _size(data)\n",
        "    left = _size(document)\n",
        "tests/events/test_claim_check.py::test_what_fits_travels_as_it_came",
    ),
    Control(
        "a bot's first word is only appended",
        "shared/effects/reconcile.py",
        'if author.role != "bot":',
        "if True:",
        "tests/effects/test_reconcile.py::test_a_bots_first_word_is_not_only_appended",
    ),
    Control(
        "a head that is committed anew begins at the first revision",
        "shared/conversations/record.py",
        "max(loaded.head.revision if loaded.head else 0, known) + 1",
        "(loaded.head.revision if loaded.head else 0) + 1",
        "tests/rebuild/test_repair.py",
    ),
    Control(
        "what is recorded during a comparison is a difference",
        "shared/rebuild/compare.py",
        "comparison.found += [one for one in again if one in first]",
        "comparison.found += first",
        "tests/rebuild/test_repair.py",
    ),
    Control(
        "counters are not restated before rows are posted",
        "shared/rebuild/repair.py",
        "            done += await self._restated(tenant_id, month)\n",
        "            done.append(month)\n",
        "tests/rebuild/test_repair.py",
    ),
    Control(
        "a closing does not wait for outboxes",
        "shared/effects/outstanding.py",
        "effect.row.month <= month",
        "False",
        "tests/effects/test_corrections.py",
    ),
    Control(
        "the customer reads private lines",
        "shared/conversations/transcript.py",
        'if entry.visibility == "public" and not entry.author.smart_assist',
        "if True",
        "tests/conversations/test_transcript.py",
    ),
    Control(
        "the customer reads the summary in a history",
        "shared/dialects/bot_framework/hand_off.py",
        "private = (from_bot and _escalates(said)) or",
        "private =",
        "tests/dialects/test_odd_payloads.py",
    ),
    Control(
        "a wrong activity spoils its set",
        "shared/ingress/receive.py",
        "if not payload.is_set:",
        "if True:",
        "tests/dialects/test_odd_payloads.py",
    ),
    Control(
        "a bot gets back what it escalated",
        "shared/routing/work_stream.py",
        "member.bot not in escalated or member.bot is None",
        "True",
        "tests/conversations/test_fold.py",
    ),
    Control(
        "what an end did not know of goes nowhere",
        "shared/conversations/unseen.py",
        "return tuple(fact.id for fact in newer if asked_at is not None and fact.at >= asked_at)",
        "return ()",
        "tests/ingress/test_ingress_to_bill.py",
    ),
    Control(
        "a retry without a usable time is resolved by its arrival",
        "shared/ingress/receive.py",
        "if reading.time is None or moment != parse_time(reading.time):",
        "if False:",
        "tests/ingress/test_ingress_to_bill.py",
    ),
    Control(
        "a bot's policy closes who waits for a human",
        "shared/conversations/due_actions.py",
        "(policies.bot if conversation.bot else policies.open)",
        "policies.bot",
        "tests/conversations/test_due_actions.py",
    ),
    Control(
        "a version that is put later judges what was recorded",
        "shared/conversations/fact.py",
        "return min(self.at, self.received_at)",
        "return self.at",
        "tests/conversations/test_races.py",
    ),
    Control(
        "months are cut in UTC for everybody",
        "shared/tenants/history.py",
        "ZoneInfo(self.time_zone(utc.date().isoformat()[:7]))",
        'ZoneInfo("UTC")',
        "tests/tenants/test_history.py",
    ),
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.broken.replace(" ", "-"))
def test_the_test_fails_when_its_invariant_is_broken(control: Control, tmp_path: Path) -> None:
    # Given a copy of the project in which one invariant is not kept
    broken_copy(tmp_path, Edit(control.file, control.code, control.instead))
    # When its test runs there
    options = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=glance")
    run = run_module(tmp_path, "pytest", *options, control.test)
    # Then it fails (a test that cannot even be collected would end with another code)
    assert run.returncode == 1, run.stdout[-2000:]


class TellsMessages(Telemetry):
    """Records with a span what the failure of its call said."""

    @contextmanager
    def calling(self, name: str, attributes: Attributes, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        with super().calling(name, attributes, expected):
            try:
                yield
            except Exception as failure:
                trace.get_current_span().record_exception(failure)
                raise


async def test_a_span_tells_a_failures_message() -> None:
    with observing(TellsMessages) as observed, pytest.raises(AssertionError, match=r"== \(\)"):
        await test_telemetry.test_a_failure_is_an_error_of_its_kind_without_its_message(observed)
