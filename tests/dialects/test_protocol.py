"""The protocol holds for vendors unlike those that are read: forms for JSON, and a challenge inside a signed body."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import pytest

from shared.dialects.dialect import Decoded, Dialect, Ingress, Recognition, Terms
from shared.dialects.payload import read_payload
from shared.dialects.proof import OPEN, STANDARD_WEBHOOKS
from shared.dialects.reading import Draft, Reading
from shared.dialects.received import Received, Reply
from shared.errors import InvalidActivity, Mistake
from shared.events.data import Customer
from tests.builders import CONFIGURED, contoso


class Forms(Dialect):
    """A vendor that posts forms, and asks for a challenge in one that has proven itself already."""

    name = "forms"
    payload = "a form"
    time_at = "Time"
    default_proof = STANDARD_WEBHOOKS

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        return Recognition() if document is None and b"From=" in received.body else None

    def decode(self, received: Received) -> Decoded:
        try:
            return Decoded([("", dict(parse_qsl(received.body.decode(), strict_parsing=True)))])
        except ValueError as cause:
            raise InvalidActivity([Mistake("", "the body is no form")]) from cause

    def read(self, native: Any, ingress: Ingress) -> Reading:
        customer, said = Customer(id=native["From"]), native.get("Body")
        drafts = [Draft("1", "message.posted", {"author": {"role": "customer", "id": customer.id}, "text": said})]
        return Reading(customer.id, None, customer, drafts if said else [], [], "always" if said else "never")

    def acknowledge(self, received: Received, receipt: Mapping[str, Any]) -> Reply:
        challenge = dict(parse_qsl(received.body.decode())).get("Challenge")
        return Reply(200, challenge) if challenge else super().acknowledge(received, receipt)


def test_a_dialect_of_forms_is_read_like_any_other() -> None:
    # given a form, when it is read, then it is a line
    received = Received(b"From=42&Body=Dobr%C3%BD+den")
    payload = read_payload(Forms(), received, Ingress(contoso()), CONFIGURED)
    (part,) = payload.parts
    assert isinstance(part.outcome, Reading)
    assert [draft.data["text"] for draft in part.outcome.drafts] == ["Dobrý den"]
    assert (payload.is_set, Forms().recognise(received, None)) == (False, Recognition())
    with pytest.raises(InvalidActivity):
        read_payload(Forms(), Received(b"{}"), Ingress(contoso()), CONFIGURED)


def test_a_challenge_in_a_body_is_answered_where_bodies_are_acknowledged() -> None:
    # given a body that asks for its challenge, and one that does not
    assert Forms().acknowledge(Received(b"From=42&Challenge=abc"), {}) == Reply(200, "abc")
    assert Forms().acknowledge(Received(b"From=42&Body=x"), {"accepted": []}) == Reply(202, {"accepted": []})
    # and a dialect that says nothing of handshakes knows none
    assert Forms().handshake(Received(b"", method="GET"), Terms()) is None
    assert Forms().proof("none") == OPEN
