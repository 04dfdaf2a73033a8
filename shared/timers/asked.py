"""What the sweep asked lately, so that it does not ask again what waits for its answer already."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from shared.clock import CLOCKS_DIFFER, is_recent

ASKED_AGAIN_AFTER = timedelta(hours=1)
"""How long a question waits for its answer before it counts as lost."""


@dataclass(frozen=True)
class Asked:
    """This process's questions by tenant and conversation: the due time that each is about, and when it was asked.

    An answer changes the due time of its conversation, so what is due anew is another question; an answer by a clock
    that is behind does not. Another process may ask a question once more, which does no harm; a mark that all could
    read would cost a write to the store per question.
    """

    _questions: dict[str, dict[str, tuple[datetime, datetime]]] = field(default_factory=dict)

    def unasked(self, tenant_id: str, due: Mapping[str, datetime], now: datetime) -> list[str]:
        """The conversations that are due and whose question does not wait already, in the same order.

        `due` has all of the tenant that are due, each with its due time. The others are answered, and forgotten here.
        """
        waiting = {
            key: question
            for key, question in self._questions.pop(tenant_id, {}).items()
            if due.get(key) == question[0] and is_recent(question[1], now, _pause(*question))
        }
        if waiting:
            self._questions[tenant_id] = waiting
        return [key for key in due if key not in waiting]

    def note(self, tenant_id: str, key: str, due_at: datetime, now: datetime) -> None:
        """Note that the conversation's question, which is about this due time, was published now."""
        self._questions.setdefault(tenant_id, {})[key] = (due_at, now)


def _pause(due_at: datetime, asked_at: datetime) -> timedelta:
    """How long to wait for the answer. Whose clock is behind may have answered that nothing was due yet."""
    return ASKED_AGAIN_AFTER if asked_at - due_at >= CLOCKS_DIFFER else CLOCKS_DIFFER
