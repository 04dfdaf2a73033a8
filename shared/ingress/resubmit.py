"""Dead letters of a failure that passes are sent on their way again, a few times; others stay."""

import builtins
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock
from shared.errors import Retryable
from shared.events.bus import DELIVERIES_EXCEEDED, DeadLetter, DeadLetters

REST = timedelta(minutes=5)
"""How long a dead letter is left alone, so that what failed can recover."""
MOST_RESUBMISSIONS = 5
"""After so many, a failure is not one that passes."""

_log = logging.getLogger(__name__)


def worth_another_try(letter: DeadLetter) -> bool:
    """Whether it died of a failure that may have passed, and not too often yet."""
    return letter.resubmissions < MOST_RESUBMISSIONS and letter.reason in _reasons_that_pass()


def _reasons_that_pass() -> set[str]:
    """The names of our retryable errors and of the system's (connections, timeouts), and that of locks that ran out."""
    kinds = (kind for kind in vars(builtins).values() if isinstance(kind, type))
    system = {kind.__name__ for kind in kinds if issubclass(kind, OSError)}
    return _names(Retryable) | system | {DELIVERIES_EXCEEDED}


def _names(kind: type[Retryable]) -> set[str]:
    return {kind.__name__}.union(*(_names(child) for child in kind.__subclasses__()))


@dataclass(frozen=True)
class Resubmission:
    """Safe to run at any time, in any number. `clock` is the bus's."""

    letters: DeadLetters
    clock: Clock

    async def waiting(self) -> Sequence[DeadLetter]:
        """All dead letters, in no order; they stay. Raises BusUnavailable."""
        found: list[DeadLetter] = []

        def see(letter: DeadLetter) -> bool:
            found.append(letter)
            return False

        await self.letters.resubmit(self.clock.now(), see)
        return found

    async def resubmit_all(self) -> Sequence[DeadLetter]:
        """Resubmit all dead letters, whatever they died of and however often; which ones. Raises BusUnavailable."""
        return await self.letters.resubmit(self.clock.now(), lambda _: True)

    async def run(self) -> int:
        """Resubmit what is worth another try and has rested; how many messages."""
        resubmitted = await self.letters.resubmit(self.clock.now() - REST, worth_another_try)
        for letter in resubmitted:
            _log.warning("resubmitted a dead letter", extra={"message_id": letter.message_id, "reason": letter.reason})
        return len(resubmitted)
