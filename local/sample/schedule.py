"""The turns in which the sample month is played on a movable clock.

All facts that a reminder or an end by silence depends on must be recorded before the clock reaches it, and it must be
noticed before anything else happens. So the clock moves in small steps while people speak, and only when all accepted
events are recorded; and it stops shortly after each silence that has an effect.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from local.independent_count.count import conversations
from local.sample.post import Post
from local.sample.traffic import SampleMonth
from local.sample.year_end import YearEnd

_WINDOW = timedelta(seconds=90)
"""How far the clock may be ahead of a post. Together with the longest time between two lines (45 s) and in a sender's
buffer (75 s) it is less than the shortest time after which a bot reminds (240 s)."""
_NOTICED_AFTER = timedelta(seconds=5)
"""The sweep runs every five seconds of the clock."""
_NOTICED_WITHIN = timedelta(minutes=2)
"""For this long nobody speaks after a silence that has an effect."""


@dataclass(frozen=True)
class Turn:
    """Move the clock to `at`, make the posts, and wait until all is recorded."""

    at: datetime
    posts: Sequence[Post] = ()


def turns(month: SampleMonth) -> Iterator[Turn]:
    """The whole month, up to its last moment; one of the turns is at its first reading, and has no posts."""
    waiting = list(month.posts)
    for stop in sorted({*_stops(month), month.reading, month.last}):
        due = sum(1 for post in waiting if post.at <= stop)
        yield from _windows(waiting[:due])
        yield Turn(stop)
        waiting = waiting[due:]


def year_end_turns(year_end: YearEnd) -> Iterator[Turn]:
    """The year end up to its last moment; December closes in a turn that has no posts."""
    if year_end.posts:
        yield from _windows(post for post in year_end.posts if post.at <= year_end.closed)
        yield Turn(year_end.closed)
        yield from _windows(post for post in year_end.posts if post.at > year_end.closed)
        yield Turn(year_end.last)


def _windows(posts: Iterable[Post]) -> Iterator[Turn]:
    window: list[Post] = []
    for post in posts:
        if window and post.at > window[0].at + _WINDOW:
            yield Turn(window[-1].at, window)
            window = []
        window.append(post)
        if not post.timed:
            # It counts at the clock's time.
            yield Turn(post.at, window)
            window = []
    if window:
        yield Turn(window[-1].at, window)


def _stops(month: SampleMonth) -> Iterator[datetime]:
    """As few moments as possible, with one of them within `_NOTICED_WITHIN` after each silence."""
    counted = conversations(month.posts, month.last)
    due = sorted(moment + _NOTICED_AFTER for conversation in counted for moment in conversation.silences)
    stop = None
    for begin in due:
        if stop is None or stop < begin:
            stop = begin + _NOTICED_WITHIN - _NOTICED_AFTER
            if stop < month.last:
                yield stop
