"""The dialect of the WhatsApp Cloud API: webhooks of Meta with sets of messages, echoes and reports.

A webhook is registered by a handshake (GET with a verify token), and signs each body with the app's secret. Meta
delivers a body again, for days, until it is answered 200; so a taken body is answered 200 even if a part is rejected.
"""

import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar

from shared.dialects.bodies import refuse_many, skipped_mark
from shared.dialects.dialect import Capability, ChannelMember, Decoded, Dialect, Ingress, Recognition, Terms
from shared.dialects.notes import NoteKinds
from shared.dialects.proof import SecretProof
from shared.dialects.reading import Reading
from shared.dialects.received import Received, Reply
from shared.dialects.signatures import length_fault, one_matches
from shared.dialects.whatsapp.notes import NOTES
from shared.dialects.whatsapp.reader import read_native
from shared.dialects.whatsapp.webhook import OBJECT, natives_in
from shared.errors import InvalidActivity, Unauthorized
from shared.strict_json import parse_json

SIGNATURE_HEADER = "x-hub-signature-256"
_CHALLENGE = re.compile(r"[\w.=-]{1,256}", re.ASCII)


def verify_hub_signature(received: Received, secrets: Sequence[str], now: datetime) -> None:
    """Pass if the app's secret signed the bytes of the body (HMAC-SHA-256, in hex). Raises Unauthorized."""
    given = received.headers.get(SIGNATURE_HEADER)
    if not given:
        raise Unauthorized("credentials_missing")
    expected = [f"sha256={hmac.new(one.encode(), received.body, hashlib.sha256).hexdigest()}" for one in secrets]
    if not one_matches(expected, [given]):
        raise Unauthorized("signature_wrong")


class WhatsApp(Dialect):
    """Webhooks of the fields `messages` and `smb_message_echoes`."""

    name = "whatsApp"
    payload = "a WhatsApp webhook"
    time_at = "timestamp"
    default_proof = SecretProof("whatsApp", verify_hub_signature, length_fault)
    own_proofs = (default_proof,)
    channel_members: ClassVar[frozenset[ChannelMember]] = frozenset(("nativeId", "handshakeSecret"))
    handshake_parameters = ("hub.mode", "hub.verify_token", "hub.challenge")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(("cannotSend",))
    # Customers rename themselves, and a redelivery has the name of its own time.
    presentation = frozenset(["author.name"])
    notes: ClassVar[NoteKinds] = NOTES
    forms: ClassVar[Mapping[str, str]] = {"changes": "a set of changes"}

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        is_ours = isinstance(document, dict) and document.get("object") == OBJECT
        return Recognition("changes") if is_ours else None

    def decode(self, received: Received) -> Decoded:
        natives = natives_in(parse_json(received.body, InvalidActivity))
        refuse_many(natives, "entry", "messages and reports")
        return Decoded(natives, is_set=True, notes=skipped_mark(received.body))

    def read(self, native: Any, ingress: Ingress) -> Reading:
        return read_native(native, ingress)

    def handshake(self, received: Received, terms: Terms) -> Reply | None:
        if received.method != "GET" or received.query.get("hub.mode") != "subscribe":
            return None
        token, challenge = received.query.get("hub.verify_token"), received.query.get("hub.challenge", "")
        if not token:
            raise Unauthorized("credentials_missing")
        if terms.secrets is not None and not one_matches(terms.secrets, [token]):
            raise Unauthorized("secret_token_wrong")
        return Reply(200, challenge) if _CHALLENGE.fullmatch(challenge) else None

    def acknowledge(self, received: Received, receipt: Mapping[str, Any]) -> Reply:
        return Reply(200, receipt)
