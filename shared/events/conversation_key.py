"""Conversation keys: conversation ids in a form that is safe in document ids and in URL paths."""

import base64
import hashlib
import re

_URL_SAFE = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,256}")
_LONGEST = 900
"""Characters of a key; Cosmos takes document ids of 1,023 bytes, and a document id adds its kind."""


def conversation_key(conversation_id: str) -> str:
    """The id itself if it is URL-safe (and not only dots), else `~` and its unpadded base64url.

    If that is too long for a document id, the key is `~~` and the id's SHA-256 (hex).
    """
    if _URL_SAFE.fullmatch(conversation_id):
        return conversation_id
    encoded = base64.urlsafe_b64encode(conversation_id.encode()).decode().rstrip("=")
    if len(encoded) > _LONGEST:
        return "~~" + hashlib.sha256(conversation_id.encode()).hexdigest()
    return "~" + encoded
