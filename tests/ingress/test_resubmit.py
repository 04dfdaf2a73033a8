"""Which dead letters get another try: of a failure that passes, rested, and not for ever."""

from datetime import timedelta

import pytest

from shared.clock import MovableClock
from shared.events.bus import DELIVERIES_EXCEEDED, DeadLetter
from shared.events.envelope import parse_time
from shared.ingress.resubmit import MAX_RESUBMISSIONS, RESUBMIT_AFTER, Resubmission, worth_another_try
from tests.fakes import MemoryBus

NOW = parse_time("2026-10-05T10:00:00Z")


def letter(
    reason: str = "TimeoutError", age: timedelta = RESUBMIT_AFTER, resubmissions: int = 0, message_id: str = "m1"
) -> DeadLetter:
    return DeadLetter("message-posted", message_id, reason, NOW - age, resubmissions)


def waiting(bus: MemoryBus) -> list[str]:
    """The ids of the messages that are on their way again."""
    return [message.message_id for message in bus.messages if message.died is None]


@pytest.mark.parametrize(
    ("reason", "again"),
    [
        ("HeadChanged", True),
        ("ThreadChanged", True),
        ("Retryable", True),
        ("ConnectionError", True),
        ("ConnectionResetError", True),
        ("TimeoutError", True),
        ("OSError", True),
        (DELIVERIES_EXCEEDED, True),
        ("ValueError", False),
        ("AssertionError", False),
        ("UnknownTenant", False),
        ("Exception", False),
        ("timeouterror", False),
        ("", False),
    ],
)
def test_only_a_failure_that_may_pass_gets_another_try(reason: str, again: bool) -> None:
    assert worth_another_try(letter(reason)) is again


async def test_a_dead_letter_rests_before_it_is_resubmitted() -> None:
    # Given one that died a moment less than five minutes ago, and one that has rested
    bus = MemoryBus([letter(age=RESUBMIT_AFTER - timedelta(seconds=1)), letter(message_id="m2")])
    clock = MovableClock(NOW)
    resubmission = Resubmission(bus, clock)
    # When the sweep runs, then only the second goes, and the first when its time has come
    assert await resubmission.run() == 1
    assert waiting(bus) == ["m2"]
    clock.advance(timedelta(seconds=1))
    assert await resubmission.run() == 1
    assert waiting(bus) == ["m1", "m2"]


@pytest.mark.parametrize(("before", "again"), [(0, True), (4, True), (5, False), (6, False)])
async def test_a_dead_letter_is_resubmitted_five_times_and_then_stays(before: int, again: bool) -> None:
    # Given a message that died again after so many tries
    bus = MemoryBus([letter(resubmissions=before)])
    # When the sweep runs, then it goes only while that were fewer than five
    assert await Resubmission(bus, MovableClock(NOW)).run() == int(again)
    assert waiting(bus) == ["m1"] * again
    assert MAX_RESUBMISSIONS == 5


async def test_what_cannot_pass_stays_and_does_not_hold_up_what_can() -> None:
    bus = MemoryBus([*(letter("ValueError", message_id=f"poison{n}") for n in range(3)), letter(message_id="m7")])
    assert await Resubmission(bus, MovableClock(NOW)).run() == 1
    assert waiting(bus) == ["m7"]


async def test_an_operator_sees_all_that_stays_and_may_send_all_of_it() -> None:
    # Given letters that the sweep leaves alone: a bug, one that was tried too often, and one that died just now
    letters = [
        letter("ValueError", message_id="m1"),
        letter(resubmissions=MAX_RESUBMISSIONS, message_id="m2"),
        letter(age=timedelta(0), message_id="m3"),
    ]
    bus = MemoryBus(letters)
    resubmission = Resubmission(bus, MovableClock(NOW))
    assert await resubmission.run() == 0
    # When they are listed, then all are there, and stay
    assert list(await resubmission.waiting()) == list(await resubmission.waiting()) == letters
    assert waiting(bus) == []
    # and when all are resubmitted, then they are on their way, and nothing is left
    assert list(await resubmission.resubmit_all()) == letters
    assert waiting(bus) == ["m1", "m2", "m3"]
    assert list(await resubmission.waiting()) == []
