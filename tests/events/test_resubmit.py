"""Which dead letters get another try: of a failure that passes, rested, and not for ever."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest

from shared.clock import MovableClock
from shared.events.bus import DELIVERIES_EXCEEDED, DeadLetter
from shared.events.envelope import parse_time
from shared.events.resubmit import MOST_RESUBMISSIONS, REST, Resubmission, worth_another_try

NOW = parse_time("2026-10-05T10:00:00Z")


def letter(
    reason: str = "TimeoutError", age: timedelta = REST, resubmissions: int = 0, message_id: str = "m1"
) -> DeadLetter:
    return DeadLetter(message_id, reason, NOW - age, resubmissions)


@dataclass
class MemoryDeadLetters:
    """A DeadLetters."""

    letters: list[DeadLetter]
    resubmitted: list[str] = field(default_factory=list)

    async def resubmit(self, until: datetime, worth: Callable[[DeadLetter], bool]) -> Sequence[DeadLetter]:
        again = [letter for letter in self.letters if letter.died_at <= until and worth(letter)]
        self.letters = [letter for letter in self.letters if letter not in again]
        self.resubmitted.extend(letter.message_id for letter in again)
        return again


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
    letters = MemoryDeadLetters([letter(age=REST - timedelta(seconds=1)), letter(message_id="m2")])
    clock = MovableClock(NOW)
    resubmission = Resubmission(letters, clock)
    # When the sweep runs, then only the second goes, and the first when its time has come
    assert await resubmission.run() == 1
    assert letters.resubmitted == ["m2"]
    clock.advance(timedelta(seconds=1))
    assert await resubmission.run() == 1
    assert letters.resubmitted == ["m2", "m1"]


async def test_a_dead_letter_is_resubmitted_five_times_and_then_stays() -> None:
    letters = MemoryDeadLetters([])
    resubmission = Resubmission(letters, MovableClock(NOW))
    # Given a message that dies again after every try
    for tried in range(MOST_RESUBMISSIONS + 2):
        letters.letters = [replace(letter(), resubmissions=min(tried, MOST_RESUBMISSIONS))]
        await resubmission.run()
    # Then it was sent again five times
    assert len(letters.resubmitted) == MOST_RESUBMISSIONS == 5


async def test_what_cannot_pass_stays_and_does_not_hold_up_what_can() -> None:
    poison = [letter("ValueError", message_id=f"poison{n}") for n in range(3)]
    letters = MemoryDeadLetters([*poison, letter(message_id="m7")])
    assert await Resubmission(letters, MovableClock(NOW)).run() == 1
    assert (letters.letters, letters.resubmitted) == (poison, ["m7"])
