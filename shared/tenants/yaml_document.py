"""YAML, restricted to what JSON can express, and where each of its members stands."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from shared.errors import InvalidConfiguration, Mistake, Position
from shared.strict_json import MAX_DEPTH

_Members = dict[str, "_Place"] | list["_Place"]
_HEAD = re.compile(r"[^.\[]+")
_INDEX = re.compile(r"\[(\d{1,9})\]")
_NUMBER = re.compile(r"(-?(?:0|[1-9][0-9]*))(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORDS: Mapping[str, bool | None] = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class _Place:
    """Where a member, by its name, or an item begins, and those of the members and items in it."""

    position: Position
    inner: _Members


class Places:
    """Where each member and item of a YAML document begins; nothing of JSON."""

    def __init__(self, inner: _Members) -> None:
        self._inner = inner

    def position_of(self, path: str) -> Position | None:
        """Where the path (`rules[0].when`) stands, or the nearest part of it that does."""
        inner, rest, position = self._inner, path, None
        while rest and (step := _step(inner, rest)):
            (position, inner), length = (step[0].position, step[0].inner), step[1]
            rest = rest[length:].removeprefix(".")
        return position


NO_PLACES = Places([])


def _step(inner: _Members, path: str) -> tuple[_Place, int] | None:
    """The member or item with which the path begins, and how much of the path names it."""
    if isinstance(inner, list):
        index = _INDEX.match(path)
        return (inner[int(index[1])], index.end()) if index and int(index[1]) < len(inner) else None
    head = _HEAD.match(path)
    for name in (path, head[0] if head else ""):
        if name in inner:
            return inner[name], len(name)
    # A name may hold what separates names.
    known = (name for name in inner if path.startswith(name) and path[len(name) : len(name) + 1] in (".", "["))
    longest = max(known, key=len, default=None)
    return None if longest is None else (inner[longest], len(longest))


def parse_yaml(body: bytes) -> tuple[dict[str, Any], Places]:
    """The mapping that the YAML contains, and where its members stand. Raises InvalidConfiguration for anything else.

    It accepts only what JSON can express. No aliases (a short document could unfold to gigabytes), no tags, no guesses:
    `no` and `2026-01-01` are texts. The parser is libyaml's, whose events are read one by one, so that other threads
    are served meanwhile.
    """
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as cause:
        raise InvalidConfiguration([Mistake("", f"the body is not UTF-8: byte {cause.start}")]) from cause
    try:
        document, inner = _Reader(text).document()
    except yaml.YAMLError as cause:
        # The text of the error would show a piece of the body, in which a secret may stand.
        said = [getattr(cause, part, None) for part in ("context", "problem")]
        reason = ", ".join(filter(None, said)) or "it holds what neither can express"
        position = _position(getattr(cause, "problem_mark", None), text)
        raise InvalidConfiguration([Mistake("", f"{_NEITHER}: {reason}", position=position)]) from None
    if not isinstance(document, dict):
        raise InvalidConfiguration([Mistake("", "a configuration is a mapping")])
    return document, Places(inner)


_NEITHER = "the body is neither JSON nor YAML"


def is_json(body: bytes) -> bool:
    """True if the body is JSON, False if it is to be read as YAML."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def _position(mark: yaml.Mark | None, text: str) -> Position | None:
    if mark is None:
        return None
    lines = text.count("\n") + 1
    # The parser ends a last line that has no end, and then says that it stands behind it.
    return (
        Position(mark.line + 1, mark.column + 1)
        if mark.line < lines
        else Position(lines, len(text.rpartition("\n")[2]) + 1)
    )


class _Open:
    """A mapping or sequence whose end was not read yet. `name` is the member whose value comes next."""

    def __init__(self, value: dict[str, Any] | list[Any]) -> None:
        self.value = value
        self.inner: _Members = {} if isinstance(value, dict) else []
        self.name: tuple[str, Position] | None = None


class _Reader:
    """Makes one document from the parser's events."""

    def __init__(self, text: str) -> None:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        self._open: list[_Open] = []
        self._root: tuple[Any, _Members] = (None, {})
        self._documents = 0

    def document(self) -> tuple[Any, _Members]:
        """The document, and where its members stand."""
        for event in self._events:
            match event:
                case yaml.DocumentStartEvent():
                    self._documents += 1
                    if self._documents > 1:
                        _refuse("expected a single document", event)
                case yaml.AliasEvent():
                    _refuse("aliases and tags are not allowed", event)
                case yaml.ScalarEvent() | yaml.CollectionStartEvent() if event.tag is not None or event.anchor:
                    _refuse("aliases and tags are not allowed", event)
                case yaml.ScalarEvent():
                    self._scalar(event)
                case yaml.CollectionStartEvent():
                    self._begin(_Open({} if isinstance(event, yaml.MappingStartEvent) else []), event)
                case yaml.CollectionEndEvent():
                    self._open.pop()
        return self._root

    def _scalar(self, event: yaml.ScalarEvent) -> None:
        top = self._open[-1] if self._open else None
        if top is None or isinstance(top.value, list) or top.name is not None:
            self._place(_value(event), {}, event)
        elif event.value in top.value:
            _refuse(f"{event.value[:100]!r} stands there twice", event)
        else:
            top.name = event.value, _start(event)

    def _begin(self, opened: _Open, event: yaml.CollectionStartEvent) -> None:
        if len(self._open) == MAX_DEPTH:
            raise InvalidConfiguration([Mistake("", "the YAML is nested too deeply", position=_start(event))])
        if self._open and isinstance(self._open[-1].value, dict) and self._open[-1].name is None:
            _refuse("the name of a member is a text", event)
        self._place(opened.value, opened.inner, event)
        self._open.append(opened)

    def _place(self, value: Any, inner: _Members, event: yaml.NodeEvent) -> None:
        """Put a value where it stands: into what is open, or at the root."""
        if not self._open:
            self._root = value, inner
            return
        top = self._open[-1]
        if isinstance(top.value, list) and isinstance(top.inner, list):
            top.value.append(value)
            top.inner.append(_Place(_start(event), inner))
        elif isinstance(top.value, dict) and isinstance(top.inner, dict) and top.name is not None:
            name, position = top.name
            top.value[name], top.inner[name], top.name = value, _Place(position, inner), None


def _value(event: yaml.ScalarEvent) -> Any:
    """The value of a scalar: a text if it is quoted, or looks like nothing else."""
    text: str = event.value
    if not event.implicit[0]:
        return text
    if text in _WORDS:
        return _WORDS[text]
    number = _NUMBER.fullmatch(text)
    if number is None:
        return text
    if not (number[2] or number[3]):
        return int(text) if len(text) <= _MOST_DIGITS else _refuse("a number has too many digits", event)
    return value if math.isfinite(value := float(text)) else _refuse("a number is out of range", event)


_MOST_DIGITS = 400


def _start(event: yaml.Event) -> Position:
    assert event.start_mark is not None, "the parser knows where it is"
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)


def _refuse(problem: str, event: yaml.Event) -> NoReturn:
    raise InvalidConfiguration([Mistake("", f"{_NEITHER}: {problem}", position=_start(event))])
