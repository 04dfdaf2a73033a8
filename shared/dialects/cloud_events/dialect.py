"""The CloudEvents dialect: one event (structured or binary mode), or a batch, of which each is read on its own."""

from collections.abc import Mapping
from typing import Any, ClassVar

from shared.dialects.bodies import refuse_many, skipped_mark
from shared.dialects.cloud_events.binary import event_in_headers, is_binary, verify_signed_event
from shared.dialects.cloud_events.handshake import allowance
from shared.dialects.cloud_events.reader import admitted
from shared.dialects.dialect import Decoded, Dialect, Ingress, Recognition, Terms
from shared.dialects.proof import SecretProof
from shared.dialects.received import Received, Reply
from shared.dialects.signatures import secret_fault
from shared.errors import InvalidEvent
from shared.events.catalog import EVENT_TYPES
from shared.events.claim_check import CheckedIn
from shared.strict_json import parse_json

MAX_EVENTS = 5_000
"""Events in one batch: as many as Azure Event Grid puts into one."""


class CloudEvents(Dialect):
    """CloudEvents 1.0 of Patchbay's own types, as apps, bots and systems send them."""

    name = "cloudEvents"
    payload = "a CloudEvent"
    time_at = "time"
    publishers_proof: ClassVar[SecretProof] = SecretProof("standardWebhooks", verify_signed_event, secret_fault)
    """How a sender of events proves itself that is no channel."""
    default_proof = publishers_proof
    own_proofs = (publishers_proof,)
    forms: ClassVar[Mapping[str, str]] = {"batch": "a batch"}
    needs_channel = False

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        first = next(iter(document), None) if isinstance(document, list) else document
        if isinstance(first, dict) and ("specversion" in first or first.get("type") in EVENT_TYPES):
            return Recognition("batch" if isinstance(document, list) else "one")
        return None

    def decode(self, received: Received) -> Decoded:
        if is_binary(received):
            return Decoded([("", event_in_headers(received))])
        document, notes = parse_json(received.body, InvalidEvent), skipped_mark(received.body)
        if isinstance(document, list):
            refuse_many(document, "", "events", InvalidEvent, MAX_EVENTS)
            return Decoded([(f"[{n}]", item) for n, item in enumerate(document)], is_set=True, notes=notes)
        return Decoded([("", document)], notes=notes)

    def read(self, native: Any, ingress: Ingress) -> CheckedIn:
        return admitted(native, ingress)

    def handshake(self, received: Received, terms: Terms) -> Reply | None:
        return allowance(received, terms)
