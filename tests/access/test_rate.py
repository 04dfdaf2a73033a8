"""A tenant's token bucket."""

import contextlib
from datetime import timedelta

import pytest

from shared.access.rate import RateLimit
from shared.clock import MovableClock
from shared.errors import TooManyRequests
from shared.events.envelope import parse_time

NOW = parse_time("2026-10-20T12:00:00Z")


def authorize(limit: RateLimit, tenant: str, requests: int) -> int:
    """How many of the requests, one after the other, are let in."""
    count = 0
    for _ in range(requests):
        try:
            limit.spend(tenant)
        except TooManyRequests:
            continue
        count += 1
    return count


def test_ten_seconds_worth_may_come_at_once_and_then_what_the_rate_says() -> None:
    # given two requests a second
    clock = MovableClock(NOW)
    limit = RateLimit(2, clock)
    # when a hundred come at once, then twenty are let in
    assert authorize(limit, "contoso", 100) == 20
    # and each second two more, also after a while, up to twenty
    clock.advance(timedelta(seconds=1))
    assert authorize(limit, "contoso", 100) == 2
    clock.advance(timedelta(hours=1))
    assert authorize(limit, "contoso", 100) == 20


@pytest.mark.parametrize(("rate", "seconds"), [(2.0, 1), (0.5, 2), (0.01, 100), (1000.0, 1)])
def test_who_is_refused_is_told_when_there_is_room_again(rate: float, seconds: int) -> None:
    # given a tenant that has used what it may
    clock = MovableClock(NOW)
    limit = RateLimit(rate, clock)
    authorize(limit, "contoso", 10_001)
    with pytest.raises(TooManyRequests) as refused:
        limit.spend("contoso")
    # when it waits as long as it is told, then it is let in
    assert refused.value.retry_after == seconds
    clock.advance(timedelta(seconds=seconds))
    limit.spend("contoso")


def test_one_tenant_costs_another_nothing() -> None:
    limit = RateLimit(1, MovableClock(NOW))
    assert authorize(limit, "contoso", 50) == 10
    assert authorize(limit, "fabrikam", 50) == 10


def test_no_rate_is_no_limit() -> None:
    assert authorize(RateLimit(0, MovableClock(NOW)), "contoso", 1000) == 1000


def test_made_up_tenants_are_forgotten_and_busy_ones_are_not() -> None:
    # given a tenant that has used what it may, and more tenants than there are
    clock = MovableClock(NOW)
    limit = RateLimit(1, clock)
    authorize(limit, "contoso", 10)
    for n in range(30_000):
        limit.spend(f"made-up-{n}")
        clock.advance(timedelta(milliseconds=0.2))
    # then those are not kept for ever, and the one is still refused what it may not have
    assert len(limit._buckets) < 20_000
    assert authorize(limit, "contoso", 100) == 6


def test_events_count_one_by_one_and_a_body_is_taken_as_a_whole() -> None:
    # given a hundred events a second, and a body of five thousand
    clock = MovableClock(NOW)
    limit = RateLimit(0, clock, events_per_second=100)
    limit.spend("contoso", brings_events=True)
    limit.spend_events("contoso", 5000)
    # when another one comes, then it is refused, before and after it is read, until the rate has caught up
    with pytest.raises(TooManyRequests) as refused:
        limit.spend("contoso", brings_events=True)
    assert refused.value.retry_after == 40
    with pytest.raises(TooManyRequests):
        limit.spend_events("contoso", 1)
    # and what brings no events, and other tenants, come in
    limit.spend("contoso")
    limit.spend("fabrikam", brings_events=True)
    clock.advance(timedelta(seconds=40))
    with pytest.raises(TooManyRequests):
        limit.spend("contoso", brings_events=True)
    clock.advance(timedelta(seconds=1))
    limit.spend("contoso", brings_events=True)


def test_bytes_count_whatever_is_asked_for() -> None:
    # given a kilobyte a second, of which ten are there
    clock = MovableClock(NOW)
    limit = RateLimit(0, clock, bytes_per_second=1000)
    limit.spend("contoso", 9000)
    limit.spend("contoso", 5000)
    # when more comes, then it has to wait until what was too much is made good
    with pytest.raises(TooManyRequests) as refused:
        limit.spend("contoso", 1)
    assert refused.value.retry_after == 4
    clock.advance(timedelta(seconds=5))
    limit.spend("contoso", 1)


def test_a_tenant_with_a_deep_backlog_brings_no_more_events_until_it_is_less_deep() -> None:
    # given a tenant whose backlog is too deep by nothing, half a second, and a minute
    deep = {"contoso": 0.0}
    limit = RateLimit(0, MovableClock(NOW), too_deep_by=lambda tenant_id: deep.get(tenant_id, 0))
    limit.spend("contoso", brings_events=True)
    for seconds, retry_after in ((0.5, 1), (60.0, 60)):
        deep["contoso"] = seconds
        # when it brings more, then it is told when there is room again; what it asks for is answered
        with pytest.raises(TooManyRequests) as refused:
            limit.spend("contoso", brings_events=True)
        assert refused.value.retry_after == retry_after
        limit.spend("contoso")
        limit.spend("fabrikam", brings_events=True)
        # and so is a request of its that was let in before others made the backlog too deep
        with pytest.raises(TooManyRequests) as late:
            limit.spend_events("contoso", 1)
        assert late.value.retry_after == retry_after


def test_long_made_up_names_fill_no_memory() -> None:
    limit = RateLimit(1, MovableClock(NOW))
    for n in range(20):
        with contextlib.suppress(TooManyRequests):
            limit.spend(f"{'x' * 100_000}{n}")
    assert sum(map(len, limit._buckets)) <= 64
