"""Sign-ins of customers: the cards that ask for one, and the tokens that it brings. They stay out of what is stored.

Authentication cards are not supported (seed: bots with authentication), and whoever reads a transcript could use them.
"""

import re
from typing import Any

from shared.dialects.bot_framework.notes import Noter
from shared.dialects.bot_framework.omnichannel import object_in
from shared.dialects.notes import within
from shared.strict_json import canonical_json

_CARDS = ("application/vnd.microsoft.card.oauth", "application/vnd.microsoft.card.signin")
_MEMBERS = ("authorization", "bearer", "connectionname", "jwt", "magiccode")
_NO_LETTER = re.compile(r"[^a-z]")
_TOKEN = re.compile(r"(bearer\s+)?eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*", re.IGNORECASE | re.ASCII)
"""A token as most services write it (JWT, RFC 7519)."""
LEFT_OUT = "belongs to a sign-in of the customer, so it is left out"


def is_sign_in(name: str) -> bool:
    """True for the name of an invoke or event of a sign-in: `signin/verifyState`, `tokens/response`."""
    return name.strip().casefold().startswith(("signin/", "tokens/"))


def without_sign_in(item: dict[str, Any], path: str, note: Noter) -> dict[str, Any]:
    """An attachment without the content of a card that asks for a sign-in, and without tokens."""
    if str(item.get("contentType")).strip().casefold() in _CARDS and item.get("content") is not None:
        note("sign_in", within(path, "content"), LEFT_OUT)
        return {name: value for name, value in item.items() if name != "content"}
    content = item.get("content")
    kept = without_tokens(content, within(path, "content"), note)
    return item if kept is content else {**item, "content": kept}


def without_tokens(value: Any, path: str, note: Noter) -> Any:
    """The value without tokens, by their looks or their names, and without what tells how to get one.

    It is the value itself if it has none.
    """
    if isinstance(value, str) and _TOKEN.fullmatch(value.strip()):
        note("sign_in", path, LEFT_OUT)
        return None
    if isinstance(value, dict):
        kept = {
            name: without_tokens(inner, within(path, name), note)
            for name, inner in value.items()
            if not _is_left_out(name, inner, value, within(path, name), note)
        }
        return kept if len(kept) < len(value) or any(kept[name] is not value[name] for name in kept) else value
    if isinstance(value, list):
        items = [without_tokens(inner, f"{path}[{number}]", note) for number, inner in enumerate(value)]
        return items if any(one is not other for one, other in zip(items, value, strict=True)) else value
    if isinstance(value, str) and (document := object_in(value)) is not None:
        inner = without_tokens(document, path, note)
        return value if inner is document else canonical_json(inner)
    return value


def _is_left_out(name: str, value: Any, holder: dict[str, Any], path: str, note: Noter) -> bool:
    """True for a member of a sign-in. Numbers are none: `maxTokens` says how long an answer may be."""
    letters = _NO_LETTER.sub("", name.casefold())
    named = letters in _MEMBERS or letters.startswith("token") or letters.endswith(("token", "tokens"))
    action = letters == "value" and str(holder.get("type")).casefold() == "signin"
    left_out = bool(value) and not isinstance(value, int | float) and (named or action)
    if left_out:
        note("sign_in", path, LEFT_OUT)
    return left_out
