"""Resubmits dead letters whose failure may have passed, a few times each. The others stay."""

import builtins
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from shared.clock import Clock
from shared.errors import Retryable
from shared.events.bus import DELIVERIES_EXCEEDED, DeadLetter, DeadLetters

RESUBMIT_AFTER = timedelta(minutes=5)
"""How long a dead letter waits before it is resubmitted, so that the failed service can recover."""
MAX_RESUBMISSIONS = 5
"""After so many resubmissions, a failure counts as permanent."""

_log = logging.getLogger(__name__)


def worth_another_try(letter: DeadLetter) -> bool:
    """True if the message failed for a reason that may have passed, and was not resubmitted too often yet."""
    return letter.resubmissions < MAX_RESUBMISSIONS and letter.reason in _reasons_that_pass()


def _reasons_that_pass() -> set[str]:
    """The names of our retryable errors and the system's (connections, timeouts), and the reason for expired locks."""
    kinds = (kind for kind in vars(builtins).values() if isinstance(kind, type))
    system = {kind.__name__ for kind in kinds if issubclass(kind, OSError)}
    return _names(Retryable) | system | {DELIVERIES_EXCEEDED}


def _names(kind: type[Retryable]) -> set[str]:
    return {kind.__name__}.union(*(_names(child) for child in kind.__subclasses__()))


@dataclass(frozen=True)
class Resubmission:
    """Resubmits dead letters. It may run at any time, and several times at once. `clock` is the bus's."""

    letters: DeadLetters
    clock: Clock

    async def waiting(self) -> Sequence[DeadLetter]:
        """All dead letters, in no order; they stay. Raises BusUnavailable."""
        letters: list[DeadLetter] = []

        def collect(letter: DeadLetter) -> bool:
            letters.append(letter)
            return False

        await self.letters.resubmit(self.clock.now(), collect)
        return letters

    async def resubmit_all(self) -> Sequence[DeadLetter]:
        """Resubmit all dead letters, whatever failed and however often. Returns them. Raises BusUnavailable."""
        return await self.letters.resubmit(self.clock.now(), lambda _: True)

    async def run(self) -> int:
        """Resubmit the letters that are worth another try and have waited long enough. Returns their number."""
        resubmitted = await self.letters.resubmit(self.clock.now() - RESUBMIT_AFTER, worth_another_try)
        for letter in resubmitted:
            _log.warning("resubmitted a dead letter", extra={"message_id": letter.message_id, "reason": letter.reason})
        return len(resubmitted)
