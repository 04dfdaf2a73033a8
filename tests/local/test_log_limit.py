"""What a log may grow by: lines that repeat each other are counted, others are written."""

import logging
import socket
from pathlib import Path

import pytest
from starlette.types import Message, Receive, Scope, Send

from local.log_limit import MOST_ALIKE, Allowance, Repeated
from local.request_log import LINES_PER_SECOND, MOST_LINES, RequestLog
from tests.local.test_host import TIMEOUT, running

LONG = b"/api/" + b"x" * 100_000


class Moment:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> float:
        return self.seconds


@pytest.fixture
def moment() -> Moment:
    return Moment()


def record(text: str, name: str) -> logging.LogRecord:
    arguments = ("too_late",) if "%s" in text else ()
    return logging.LogRecord(name, logging.WARNING, "x.py", 1, text, arguments, None)


def passed(limit: Repeated, count: int, text: str = "parked an event: %s", name: str = "shared.x") -> list[str]:
    """What is written of so many records."""
    records = [record(text, name) for _ in range(count)]
    return [one.getMessage() for one in records if limit.filter(one)]


def test_so_many_at_once_and_then_so_many_a_second(moment: Moment) -> None:
    allowance = Allowance(10, 2, moment.now)
    assert [allowance.take(4) for _ in range(4)] == [4, 4, 2, 0]
    moment.seconds = 1.5
    assert allowance.take(100) == 3
    moment.seconds = 1000
    assert allowance.take(100) == 10


def test_of_lines_that_repeat_each_other_some_are_written_and_the_others_counted(moment: Moment) -> None:
    # Given a line that is logged without end
    limit = Repeated(moment.now)
    # When it comes a hundred thousand times, then some are written
    assert passed(limit, 100_000) == ["parked an event: too_late"] * MOST_ALIKE
    # and the next one, a second later, says how many were not
    moment.seconds = 1
    left_out = 100_000 - MOST_ALIKE
    first, *others = passed(limit, 3)
    assert first == f"parked an event: too_late ({left_out} more like this were left out before)"
    assert others == ["parked an event: too_late"] * 2


@pytest.mark.parametrize("other", [{"text": "another line"}, {"name": "shared.y"}])
def test_a_line_of_another_kind_is_written(moment: Moment, other: dict[str, str]) -> None:
    limit = Repeated(moment.now)
    passed(limit, 1000)
    assert len(passed(limit, 1, **other)) == 1


async def test_a_hundred_thousand_requests_leave_a_log_of_a_bounded_length(moment: Moment) -> None:
    # Given a host that answers 5,000 requests a second, with paths as long as they may be
    written: list[str] = []

    async def unused(scope: Scope, receive: Receive, send: Send) -> None: ...

    async def receive() -> Message: ...  # type: ignore[empty-body]  # nobody calls it

    async def send(message: Message) -> None: ...

    log = RequestLog(unused, written.append, moment.now)
    # When it does so for 21 seconds
    for tenth in range(210):
        moment.seconds = tenth / 10
        for _ in range(500):
            await log({"method": "GET", "raw_path": LONG}, receive, send)
        log.flush()
    lines = "\n".join(written).splitlines()
    # Then the log has the lines that it may have, and counts all others
    counted = [int(line.split("]: ")[1].split()[0]) for line in lines if line.endswith("more were answered")]
    assert len(lines) - len(counted) <= MOST_LINES + 21 * LINES_PER_SECOND
    assert len(lines) - len(counted) + sum(counted) == 210 * 500
    assert sum(map(len, written)) < 1_500_000


def test_a_host_that_is_sent_garbage_says_so_some_times(tmp_path: Path) -> None:
    with running(tmp_path / "patchbay.db") as host:
        # Given a client that sends no HTTP, again and again
        for _ in range(MOST_ALIKE * 10):
            with socket.create_connection(("127.0.0.1", host.client.base_url.port or 0), TIMEOUT) as connection:
                connection.sendall(b"\x16\x03\x01 no HTTP\r\n\r\n")
                connection.recv(1000)
        # When the host ends, then it has said so, not every time
        assert host.end() == 0
        told = host.process.communicate()[1].count("Invalid HTTP request received.")
    assert 0 < told < MOST_ALIKE * 5
