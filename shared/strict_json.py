"""JSON that can be stored and written again without loss: one strict reader, one canonical form, bounds."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from typing import Any, NoReturn

import msgspec

from shared.errors import InvalidDocument, Mistake

_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89abAB]|\\u[dD][c-fC-F]")
_MAX_DIGITS = 400
MOST_VALUES = 100_000
"""Values of a document: objects, arrays, and what is in them. A body of 1 MB has that many if each takes ten bytes."""
MOST_BRACKETS = 50_000
"""Objects and arrays of a document, which take longest to make. Brackets within its texts count, too."""
MAX_DEPTH = 64
"""Levels of a document. A trace made of it may be twice as deep; at most 200 levels can be read again."""
MOST_MISTAKES = 100
"""Mistakes of a document that its refusal names: a short one may have tens of thousands."""
_SAMPLED = 50
_MANY_DIGITS = re.compile(rb"[0-9]{%d}" % (_MAX_DIGITS // _SAMPLED))
"""Found in every 50th byte of a body that holds a longer integer than is read."""
_NESTING = (dict, list)
_DECODER = msgspec.json.Decoder()
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def canonical_json(document: Any) -> str:
    """The value as JSON with sorted members and without blanks, so that equal values give equal texts."""
    return _CANONICAL.encode(document)


def parse_json(body: bytes, error: type[InvalidDocument], *, unique_members: bool = False) -> Any:
    """Read JSON that can be stored and written again without loss.

    A byte order mark is skipped. Raises `error` for anything but UTF-8 JSON, numbers without a finite value, integers
    over 400 digits, more than 64 levels, 50,000 brackets or 100,000 values, and lone surrogates (no UTF-8 text can hold
    them). Of several members of one name the last counts, as in most parsers; with `unique_members` they raise `error`,
    too.
    """
    if len(body) > MOST_BRACKETS and body.count(b"{") + body.count(b"[") > MOST_BRACKETS:
        raise error([_TOO_MANY_BRACKETS])
    # msgspec is as strict as this, but for double members, longer integers and deeper documents.
    if unique_members or _MANY_DIGITS.search(body[::_SAMPLED]):
        return _parse_carefully(body, error, unique_members=unique_members)
    try:
        document = _DECODER.decode(body)
    except (msgspec.DecodeError, RecursionError):
        # It begins with a byte order mark, or is wrong: then the mistake is still to be named.
        return _parse_carefully(body, error, unique_members=False)
    refuse_size(document, body, error)
    return document


def refuse_size(document: Any, body: bytes, error: type[InvalidDocument]) -> None:
    """Raises `error` for a document of more than 64 levels or 100,000 values. `body` is the document as JSON."""
    # Counting is three times as fast as looking, and most bodies have so few brackets that none can be too deep.
    brackets = body.count(b"{") + body.count(b"[")
    if brackets > MAX_DEPTH or (len(body) > MOST_VALUES and brackets + body.count(b",") > MOST_VALUES):
        refuse_large(document, error)


def _parse_carefully(body: bytes, error: type[InvalidDocument], *, unique_members: bool) -> Any:
    """What `parse_json` promises, with each number and member looked at in Python, and the mistakes named."""
    try:
        text = body.decode("utf-8-sig")
        document = json.loads(
            text,
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_bounded,
            object_pairs_hook=_unique if unique_members else None,
        )
    except RecursionError as cause:
        raise error([_TOO_DEEP]) from cause
    except UnicodeDecodeError as cause:
        raise error([Mistake("", f"the body is not UTF-8: byte {cause.start}")]) from cause
    except ValueError as cause:
        raise error([Mistake("", f"the body is not JSON: {cause}")]) from cause
    refuse_large(document, error)
    if _SURROGATE_ESCAPE.search(body):
        _refuse_lone_surrogates(document, error)
    return document


def refuse_large(document: Any, error: type[InvalidDocument]) -> None:
    """Raises `error` for a value that is nested more than 64 levels deep, or has more than 100,000 values in it."""
    level, values = [document] if isinstance(document, _NESTING) else [], 0
    for _ in range(MAX_DEPTH):
        if not level:
            return
        inner = [value.values() if isinstance(value, dict) else value for value in level]
        values += sum(map(len, inner))
        if values > MOST_VALUES:
            raise error([_TOO_MANY])
        level = [item for items in inner for item in items if isinstance(item, _NESTING)]
    if level:
        raise error([_TOO_DEEP])


_TOO_MANY_BRACKETS = Mistake("", f"the document has more than {MOST_BRACKETS:,} objects and arrays")
_TOO_MANY = Mistake("", f"the document has more than {MOST_VALUES:,} values")
_TOO_DEEP = Mistake("", f"the document is nested more than {MAX_DEPTH} levels deep")


def first_mistakes(mistakes: Iterable[Mistake]) -> list[Mistake]:
    """The mistakes that are named; the last of them says so if there are more."""
    some = list(islice(mistakes, MOST_MISTAKES + 1))
    more = Mistake("", f"there are more mistakes; these are the first {MOST_MISTAKES}")
    return some if len(some) <= MOST_MISTAKES else [*some[:MOST_MISTAKES], more]


def join_path(parts: Iterable[int | str]) -> str:
    """`("rules", 0, "when")` as `rules[0].when`; union tags, written `(tag)`, are left out."""
    path = ""
    for part in parts:
        if isinstance(part, int):
            path += f"[{part}]"
        elif not (part.startswith("(") and part.endswith(")")):
            path += f".{part}" if path else part
    return path


def _unique(members: list[tuple[str, Any]]) -> dict[str, Any]:
    document = dict(members)
    if len(document) < len(members):
        count = Counter(name for name, _ in members)
        raise ValueError(f"{next(name for name in count if count[name] > 1)[:100]!r} stands there twice")
    return document


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]} is out of range")
    return number


def _bounded(digits: str) -> int:
    if len(digits) > _MAX_DIGITS:
        raise ValueError(f"an integer has more than {_MAX_DIGITS} digits")
    return int(digits)


def _refuse_lone_surrogates(document: Any, error: type[InvalidDocument]) -> None:
    found = (Mistake(path, "holds a lone surrogate, which is no Unicode text") for path in _surrogates(document, ()))
    if named := first_mistakes(found):
        raise error(named)


def _surrogates(value: Any, path: tuple[int | str, ...]) -> Iterable[str]:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield join_path(path)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _surrogates(item, (*path, index))
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _surrogates(name, path)
            yield from _surrogates(item, (*path, name.encode("utf-8", "replace").decode()))
