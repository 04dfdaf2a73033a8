"""With a faulty queue handed in, the test of the invariant fails."""

from collections.abc import Collection

import pytest

from shared.routing.work_stream import Member, Queue
from tests.builders import contoso
from tests.conversations import test_fold


class Insistent(Queue):
    """A queue whose bots may get back what they escalated."""

    def candidates(self, escalated: Collection[str]) -> list[Member]:
        return super().candidates(())


def test_a_bot_gets_back_what_it_escalated() -> None:
    queues = tuple(Insistent(**dict(queue)) for queue in contoso().queues)
    with pytest.raises(AssertionError, match="'contoso-bot'"):
        test_fold.test_an_escalation_goes_where_its_variables_say(
            {}, "GeneralQueue", contoso().model_copy(update={"queues": queues})
        )
