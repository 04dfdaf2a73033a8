"""With a faulty function handed in, the test of the invariant fails."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Literal

import pytest

from shared.events.bus import EventPublisher
from shared.events.catalog import EVENT_CLASSES, Event
from shared.events.claim_check import CheckedIn, check_in
from shared.events.codec import encode_event, event_from, stored_event
from shared.events.conversation_event import Begins, ConversationEvent
from shared.events.overflow import Overflow, publish
from shared.events.pseudonym import Pseudonyms
from tests.builders import document
from tests.conversations import test_contents
from tests.events import test_catalog, test_claim_check, test_codec
from tests.fakes import MemoryPublisher


async def published_first(
    publisher: EventPublisher,
    overflow: Overflow,
    tenant_id: str,
    pseudonyms: Pseudonyms,
    checked_in: Sequence[CheckedIn],
    now: datetime,
) -> None:
    """Publish the events, and keep afterwards what was kept apart from them."""
    await publisher.publish(tenant_id, [one.event for one in checked_in])
    await publish(MemoryPublisher(), overflow, tenant_id, pseudonyms, checked_in, now)


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


class MessageRecalled(ConversationEvent):
    """A type that is known nowhere, and does not state whether it looks back."""

    type: Literal["message.recalled"]

    subscription: ClassVar[str] = "message-recalled"
    contents = frozenset[str]()
    is_question = False
    hands_over = False
    goes_on = False
    ends_conversation = False
    changes_only_transcript = False
    author: ClassVar[None] = None
    attachments: ClassVar[tuple[()]] = ()
    history: ClassVar[tuple[()]] = ()
    context_variables: ClassVar[Mapping[str, Any]] = {}
    sequence: ClassVar[None] = None
    is_activity: ClassVar[bool] = False
    begins_conversation: ClassVar[Begins] = "never"
    breaks_silence: ClassVar[bool] = False
    invokes_bot: ClassVar[bool] = False
    asks_for_somebody: ClassVar[bool] = False


EVERYWHERE = {
    "looks_back",
    "docs/architecture.md",
    "functions/message_recalled.py",
    "infra/emulators/service-bus.json",
    "infra/prices/budget.json",
    "README.md",
}


def test_a_type_that_is_known_nowhere_is_missed_everywhere() -> None:
    catalogue: list[type[ConversationEvent]] = [*EVENT_CLASSES, MessageRecalled]
    recalled = document("message.recalled", {})
    missed = test_catalog.unknown_to(catalogue, {**test_codec.DOCUMENTS, MessageRecalled: recalled})
    assert missed == {"message.recalled": {*EVERYWHERE, *test_catalog.USES}}
    untried = test_catalog.unknown_to(catalogue, test_codec.DOCUMENTS)
    assert untried == {"message.recalled": {*EVERYWHERE, "tests/events/test_codec.py"}}


class MessageRead(ConversationEvent):
    """A type that states no trait."""

    type: Literal["message.read"]


def test_a_type_without_its_traits_cannot_be_decoded() -> None:
    with pytest.raises(TypeError, match="abstract class MessageRead"):
        MessageRead.model_validate(document("message.read", {}))


def test_an_event_is_read_from_its_bytes_without_a_look_at_its_numbers() -> None:
    body = json.dumps(document("conversation.ended", {"endedBy": "bot", "reason": "other", "odd": float("inf")}))
    with pytest.raises(AssertionError, match="refused"):
        test_codec.check_decoder(body.encode(), lambda given: stored_event(given.decode()))
