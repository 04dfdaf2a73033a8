"""With a faulty function handed in, the test of the invariant fails."""

import json
from collections.abc import Sequence

import pytest

from shared.events.bus import EventPublisher
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn, check_in
from shared.events.codec import encode_event, event_from
from shared.events.overflow import Overflow, publish
from tests.conversations import test_contents
from tests.events import test_claim_check
from tests.fakes import MemoryPublisher


async def published_first(
    publisher: EventPublisher, overflow: Overflow, tenant_id: str, checked_in: Sequence[CheckedIn]
) -> None:
    """Publish the events, and keep afterwards what was kept apart from them."""
    await publisher.publish(tenant_id, [one.event for one in checked_in])
    await publish(MemoryPublisher(), overflow, tenant_id, checked_in)


async def test_an_event_is_published_before_what_it_stands_for_is_kept() -> None:
    with pytest.raises(AssertionError, match=r"\(1, 1\) == \(1, 0\)"):
        await test_contents.test_contents_are_kept_before_their_event_is_published(published_first)


def checked_in_with_its_envelope(event: Event) -> CheckedIn:
    """Check the event in as if its envelope were a part of its data."""
    document = json.loads(encode_event(event))
    envelope = {name: value for name, value in document.items() if name != "data"}
    made = check_in(event_from({**document, "data": {**document["data"], "envelope": envelope}}))
    return made if made.contents else check_in(event)


def test_what_stays_apart_depends_on_the_envelope() -> None:
    with pytest.raises(AssertionError, match="claim_checks"):
        test_claim_check.test_what_fits_travels_as_it_came(checked_in_with_its_envelope)
