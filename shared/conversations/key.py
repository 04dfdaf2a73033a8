"""Conversation keys: ids as they stand in document ids and in URL paths."""

import base64
import binascii
import re

_URL_SAFE = re.compile(r"(?!\.+$)[A-Za-z0-9._-]{1,256}")


def conversation_key(conversation_id: str) -> str:
    """The id itself where it is URL-safe (and not only dots), else `~` and its unpadded base64url."""
    if _URL_SAFE.fullmatch(conversation_id):
        return conversation_id
    return "~" + base64.urlsafe_b64encode(conversation_id.encode()).decode().rstrip("=")


def conversation_id(key: str) -> str | None:
    """The id that has this key; None if no id has."""
    if not key.startswith("~"):
        return key if _URL_SAFE.fullmatch(key) else None
    encoded = key[1:]
    try:
        decoded = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True).decode()
    except (binascii.Error, ValueError):
        return None
    return decoded if decoded and conversation_key(decoded) == key else None
