"""Health: the probes' answers are shown for some seconds, so that whoever asks without end costs a service little."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from shared.clock import MovableClock
from shared.events.envelope import parse_time
from shared.health import Health

NOW = parse_time("2026-10-20T12:00:00Z")
TICK = timedelta(microseconds=1)


class Service:
    """A service that is asked, and may be out of reach."""

    def __init__(self) -> None:
        self.asked = 0
        self.reachable = True

    async def probe(self) -> Mapping[str, Any]:
        self.asked += 1
        await asyncio.sleep(0)
        if not self.reachable:
            raise ConnectionRefusedError
        return {}


@pytest.fixture
def service() -> Service:
    return Service()


@pytest.fixture
def real() -> MovableClock:
    return MovableClock(NOW)


@pytest.fixture
def health(service: Service, real: MovableClock) -> Health:
    waits = iter(range(1, 10_000))
    return Health({"store": service.probe}, MovableClock(NOW), lambda: {"store": {"waits": next(waits)}}, real)


async def test_a_thousand_who_ask_at_once_or_after_each_other_cost_a_service_one_request(
    health: Health, service: Service
) -> None:
    # When a thousand ask at once, and a thousand more one after the other
    answers = await asyncio.gather(*(health.check() for _ in range(1000)))
    answers += [await health.check() for _ in range(1000)]
    # Then the service was asked once, and all have the same answer, beside what is known without a request
    assert service.asked == 1
    assert {healthy for healthy, _ in answers} == {True}
    assert [document["store"] for _, document in answers] == [
        {"reachable": True, "waits": number} for number in range(1, 2001)
    ]


async def test_an_answer_is_shown_for_five_seconds_and_so_is_a_failure(
    health: Health, service: Service, real: MovableClock
) -> None:
    # Given a service that was reachable
    assert (await health.check())[0]
    service.reachable = False
    # When it is no more, then that is seen when five seconds are over, and not before
    real.advance(timedelta(seconds=5) - TICK)
    assert (await health.check())[0]
    real.advance(TICK)
    healthy, document = await health.check()
    assert not healthy
    assert document["store"] == {"reachable": False, "failure": "ConnectionRefusedError", "waits": 3}
    # and so is that it is back
    service.reachable = True
    assert not (await health.check())[0]
    real.advance(timedelta(seconds=5))
    assert (await health.check())[0]
    assert service.asked == 3


async def test_a_clock_that_is_set_back_keeps_no_answer_for_ever(service: Service) -> None:
    # Given an answer of tomorrow, by a clock that is then set right
    class Set(MovableClock):
        moment = NOW + timedelta(days=1)

        def now(self) -> Any:
            return self.moment

    real = Set(NOW)
    health = Health({"store": service.probe}, MovableClock(NOW), dict, real)
    await health.check()
    real.moment = NOW
    # When somebody asks, then the service is asked
    await health.check()
    assert service.asked == 2
