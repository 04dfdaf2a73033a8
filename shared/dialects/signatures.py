"""Proofs by a shared secret that dialects share: Standard Webhooks signatures, and comparing in constant time. Pure.

The library `standardwebhooks` computes the expected signature. Its own check is not used: it reads the machine's clock,
where ours may be another one, and accepts several spellings of a signature or a time.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from shared.errors import AuthenticationUnavailable, Unauthorized

SIGNATURE_HEADER = "webhook-signature"
TOLERANCE = timedelta(minutes=5)
"""How old, or how far ahead, a signed request may be (the Standard Webhooks libraries)."""
MIN_KEY_BYTES = 24
"""Standard Webhooks, "Signature scheme": "between 24 bytes (192 bits) and 64 bytes (512 bits)"."""
MIN_CHARACTERS = 16
"""Of secrets for which their vendor names no least length: 96 bits, if they are random letters and digits."""

_ID = re.compile(r"[!-~]{1,256}")
_SECONDS = re.compile(r"[1-9][0-9]{0,10}")


def verify_signature(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Pass if one of the secrets signed id, time and body (Standard Webhooks, `v1`) within the tolerance.

    Header names are lower-case; secrets are as `signing_key` reads them. Raises Unauthorized, and
    AuthenticationUnavailable if no secret is usable.
    """
    message_id, seconds = headers.get("webhook-id"), headers.get("webhook-timestamp")
    signatures = headers.get(SIGNATURE_HEADER)
    if not (message_id and seconds and signatures):
        raise Unauthorized("credentials_missing")
    if not _SECONDS.fullmatch(seconds):
        raise Unauthorized("timestamp_malformed")
    if not _ID.fullmatch(message_id):
        raise Unauthorized("signature_wrong")
    if abs(now.timestamp() - int(seconds)) > TOLERANCE.total_seconds():
        raise Unauthorized("timestamp_outside_tolerance")
    try:
        text = body.decode()
    except UnicodeDecodeError as cause:
        raise Unauthorized("signature_wrong") from cause
    moment = datetime.fromtimestamp(int(seconds), UTC)
    expected = [webhook.sign(message_id, moment, text) for webhook in _webhooks(secrets)]
    if not one_matches(expected, signatures.split(" ")):
        raise Unauthorized("signature_wrong")


def one_matches(expected: Sequence[str], given: Sequence[str]) -> bool:
    """True if a given text is an expected one. All pairs are compared, each in constant time."""
    pairs = [(one.encode(), other.encode(errors="replace")) for one in expected for other in given]
    return sum(hmac.compare_digest(one, other) for one, other in pairs) > 0


def signing_key(secret: str) -> bytes:
    """The key that a secret of Standard Webhooks spells: base64, behind `whsec_` and what stands before that, or alone.

    Blanks and line breaks count for nothing, and neither does missing padding. Raises ValueError with a reason for
    anything else, from which libraries make keys that differ.
    """
    text = "".join(secret.rpartition("whsec_")[2].split()).rstrip("=")
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError) as cause:
        raise ValueError("is no base64 (letters, digits, + and /), with or without whsec_ before it") from cause
    if not key:
        raise ValueError("is empty")
    if len(key) < MIN_KEY_BYTES:
        raise ValueError(f"has {len(key)} bytes, and a secret of Standard Webhooks has {MIN_KEY_BYTES} or more")
    return key


def secret_fault(secret: str) -> str | None:
    """Why nobody can sign with this secret; None if somebody can."""
    try:
        signing_key(secret)
    except ValueError as fault:
        return str(fault)
    return None


def length_fault(secret: str) -> str | None:
    """Why a secret that may be any text is not usable: somebody could find it by trying; None if it is long enough."""
    short = len(secret) < MIN_CHARACTERS
    return f"has {len(secret)} characters, and a secret has {MIN_CHARACTERS} or more" if short else None


def _webhooks(secrets: Sequence[str]) -> list[Webhook]:
    webhooks = []
    for secret in secrets:
        with suppress(ValueError):
            webhooks.append(Webhook(signing_key(secret)))
    if not webhooks:
        raise AuthenticationUnavailable
    return webhooks
