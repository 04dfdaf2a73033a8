"""Which conversations of the sample month are a part of the session before them. It shares no code with the pipeline.

A conversation that silence ended may be known by then only in part. Had all been known at once, it would have gone on
for longer. A conversation that begins in this time continues it, and both are one session. The sample has no thread in
which a third one follows that soon.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

from local.independent_count.conversation import CountedConversation

_NEVER = datetime.max.replace(tzinfo=UTC)


def mark_those_that_continue(of_thread: Sequence[CountedConversation]) -> None:
    """Mark which conversations of a thread, oldest first, continue the one before."""
    for one, following in pairwise(of_thread):
        following.continues = following.begun <= _open_until(one)


def _open_until(conversation: CountedConversation) -> datetime:
    """Until when the conversation would have lasted if everything in it had been known at its time.

    Whoever asks for somebody after an end by silence begins another stretch of the same conversation.
    """
    start, *rest = (replace(each, posted=None) for each in (conversation.beginning, *conversation.heard))
    told = CountedConversation(start.tenant, start.thread, conversation.configuration, start.at)
    told.start(start)
    for each in rest:
        told.wait(each.at)
        if told.ended in told.silences and each.begins:
            told.ended = None
        told.apply(each)
    told.wait(_NEVER)
    assert told.ended is not None, "silence ends every conversation at last"
    return told.ended
