"""The Telegram dialect: updates of the Bot API, which Telegram posts with a secret token."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any, ClassVar

from shared.dialects.bodies import skipped_mark
from shared.dialects.dialect import Decoded, Dialect, Ingress, Recognition
from shared.dialects.notes import NoteKinds
from shared.dialects.proof import SecretProof
from shared.dialects.reading import Reading
from shared.dialects.received import Received
from shared.dialects.signatures import length_fault, one_matches
from shared.dialects.telegram.notes import NOTES
from shared.dialects.telegram.reader import read_update
from shared.errors import InvalidActivity, Unauthorized
from shared.strict_json import parse_json

TOKEN_HEADER = "x-telegram-bot-api-secret-token"  # noqa: S105  # a header's name
_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def verify_secret_token(received: Received, secrets: Sequence[str], now: datetime) -> None:
    """Pass if Telegram sent one of the secrets, as `setWebhook` has it do. Raises Unauthorized."""
    given = received.headers.get(TOKEN_HEADER)
    if not given:
        raise Unauthorized("credentials_missing")
    if not one_matches(secrets, [given]):
        raise Unauthorized("secret_token_wrong")


def token_fault(secret: str) -> str | None:
    """Why this is no secret token: Telegram takes none of other characters, and everybody may try a short one."""
    if not _TOKEN.fullmatch(secret):
        return "is no secret token of Telegram (letters, digits, - and _, at most 256)"
    return length_fault(secret)


class Telegram(Dialect):
    """Updates of the Bot API, one in a body."""

    name = "telegram"
    payload = "a Telegram update"
    time_at = "message.date"
    default_proof = SecretProof("telegram", verify_secret_token, token_fault)
    own_proofs = (default_proof,)
    # Customers rename themselves, and a redelivery has the name of its own time.
    presentation = frozenset(["author.name"])
    notes: ClassVar[NoteKinds] = NOTES

    def recognise(self, received: Received, document: Any) -> Recognition | None:
        return Recognition() if isinstance(document, dict) and "update_id" in document else None

    def decode(self, received: Received) -> Decoded:
        return Decoded([("", parse_json(received.body, InvalidActivity))], notes=skipped_mark(received.body))

    def read(self, native: Any, ingress: Ingress) -> Reading:
        return read_update(native, ingress.tenant)
