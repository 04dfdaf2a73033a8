"""Facts and rows of times at which nothing can have happened stop nothing, and no months between are gone through."""

from datetime import timedelta

import pytest

from shared.contributions.row import Occasion
from shared.events.catalog import Event
from shared.events.envelope import OWN_SOURCE, format_time
from shared.usage.posting import post_or_correct
from shared.wire import replace
from tests.builders import contoso, ended, escalated, message, started, threaded
from tests.conversations.pipelines import NOW, InMemory
from tests.usage.test_ledger_row import row

CHANNEL = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "t"}
OCCASION = Occasion(fact_id="f", type="conversation.started", received_at="2026-10-20T12:00:00Z")


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles", "Pacific/Kiritimati"])
@pytest.mark.parametrize("at", ["0001-01-01T00:00:00Z", "1970-01-01T00:00:00Z"])
async def test_facts_that_are_stored_with_a_made_up_time_stop_nothing(zone: str, at: str) -> None:
    # given a conversation whose first facts have such a time; only what Patchbay says itself is not refused
    pipeline = await InMemory().configured(replace(contoso(), time_zone=zone))
    key = threaded("t")
    first: list[Event] = [started(key, at, channel=CHANNEL), message(key, at, role="bot"), escalated(key, at)]
    await pipeline.record(*(replace(event, source=OWN_SOURCE) for event in first))
    # when it goes on, ends, and months go by
    await pipeline.record(message(key, format_time(NOW)), ended(key, format_time(NOW)))
    for _ in range(3):
        await pipeline.sweep.run()
        await pipeline.drain()
        await pipeline.usage.roll_up_all()
        pipeline.clock.advance(timedelta(days=40))
    # then the tenant's months are those since its first configuration, and the session is a correction in the first
    months = await pipeline.ledger.months("contoso")
    assert "2026-09" <= months[0] <= "2026-10"
    assert months[-1] <= "2027-03"
    assert await pipeline.books_balance()
    assert (await pipeline.rebuild.compare("contoso")).differences == []


@pytest.mark.parametrize("far", ["2099-06", "9999-11"])
async def test_the_months_before_a_row_of_a_far_month_are_not_gone_through(far: str) -> None:
    # given a row of a month in the far future, which a clock of ours that was set wrong has made
    pipeline = await InMemory().configured()
    await post_or_correct(pipeline.ledger, "contoso", row(day=f"{far}-01"), OCCASION, "2026-10")
    # when the months are rolled up and listed, then they are those that are over, the present one, and that month
    assert await pipeline.usage.roll_up_all() == 2
    assert [one.month for one in (await pipeline.usage.overview("contoso", None)).months] == [far, "2026-11", "2026-10"]


@pytest.mark.parametrize("day", ["0001-01-01", "1969-12-31", "2026-09-30"])
async def test_a_row_of_an_early_month_is_a_correction_in_the_first_one(day: str) -> None:
    pipeline = await InMemory().configured()
    await post_or_correct(pipeline.ledger, "contoso", row(day=day), OCCASION, "2026-10")
    assert await pipeline.ledger.months("contoso") == ["2026-10"]
    [correction] = (await pipeline.ledger.corrections("contoso", "2026-10", None, 10)).corrections
    assert (correction.origin_month, correction.sessions) == (day[:7], 1)
