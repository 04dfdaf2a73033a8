"""With a faulty use case handed in, the test of the invariant fails."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial

import pytest

from shared.dialects.payload import Payload
from shared.events.claim_check import CheckedIn
from shared.events.data import ChannelReference
from shared.ingress.addressing import Addressing
from shared.ingress.receive import Receipt, Receiver
from shared.pipeline import Pipeline
from shared.tenants.history import History
from tests.conversations import test_contents
from tests.conversations.pipelines import InMemory, Pipelines
from tests.dialects import test_odd_payloads
from tests.fakes import MemoryOverflow
from tests.ingress import test_ingress_to_bill


async def test_contents_of_a_parked_event_outlive_it() -> None:
    def rewired(pipeline: Pipeline) -> Pipeline:
        # The service deletes from an overflow that is not the one in which contents are kept.
        service = replace(pipeline.parked_event_service, overflow=MemoryOverflow())
        return replace(pipeline, parked_event_service=service)

    with pytest.raises(AssertionError, match=r", 'c1'\] == \['c1'\]"):
        await test_contents.test_with_its_retention_a_parked_events_contents_are_forgotten(
            partial(InMemory, rewired=rewired)
        )


def with_receiver(kind: type[Receiver]) -> Pipelines:
    """Pipelines with a receiver of this class."""
    return partial(InMemory, rewired=lambda pipeline: replace(pipeline, receiver=kind(**vars(pipeline.receiver))))


class AllOrNothing(Receiver):
    """A receiver that refuses a whole set for one of its activities."""

    async def _publish_payload(
        self, tenant_id: str, channel: ChannelReference | None, payload: Payload, history: History, now: datetime
    ) -> Receipt:
        return await super()._publish_payload(tenant_id, channel, replace(payload, is_set=False), history, now)


async def test_a_wrong_activity_spoils_its_set() -> None:
    with pytest.raises(AssertionError, match="refused: too_late"):
        await test_odd_payloads.test_a_quirk_becomes_what_it_means(
            "activity-set-with-an-old-one.json", with_receiver(AllOrNothing)
        )


class Forgetful(Addressing):
    """Never finds an event that is recorded already."""

    async def _recorded_in(self, tenant_id: str, conversation_ids: Sequence[str], drafts: Sequence[CheckedIn]) -> None:
        return None


def forgetful(pipeline: Pipeline) -> Pipeline:
    addressing = Forgetful(**vars(pipeline.receiver.addressing))
    return replace(pipeline, receiver=replace(pipeline.receiver, addressing=addressing))


@pytest.mark.parametrize("minutes", [None, 70])
async def test_a_retry_without_a_usable_time_is_resolved_by_its_arrival(minutes: float | None) -> None:
    with pytest.raises(AssertionError, match="'2'"):
        await test_ingress_to_bill.test_a_retry_without_a_usable_time_stays_in_its_conversation(
            minutes, partial(InMemory, rewired=forgetful)
        )
