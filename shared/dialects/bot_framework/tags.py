"""`channelData.tags`: a bot's commands to the hub, and labels, however they are written. Pure.

Omnichannel documents a JSON text with a command, or labels with commas between them. Serializers and proxies also send
the JSON text encoded twice, a list, a list that holds the JSON text, or one text with labels and the command.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from shared.errors import InvalidActivity
from shared.near_miss import typo_between
from shared.strict_json import parse_json

_MOST_ENCODINGS = 4
"""How often lists and JSON texts may be wrapped in each other."""
_MOST_PARTS = 1_000
"""Labels and objects that tags may hold."""
_SMART_ASSIST = "smartbot"
_COMMANDS = frozenset(["escalate", "endconversation"])
_SEPARATOR = re.compile("[,;|]")
"""Omnichannel documents the comma."""
_WORD = re.compile("[a-z]{5,20}")
_LONGEST_LABEL = 200
"""Characters of a label that are looked at for a command."""
_TOO_DEEP = f"lists and JSON texts are wrapped in each other more than {_MOST_ENCODINGS} times"


@dataclass(frozen=True)
class Tags:
    """What the tags hold: objects, which are meant as commands, each with its path in them; and labels, case-folded.

    `broken`: why a text that looks like JSON is none. `is_plain` is True if a command is written as documented, and
    `is_readable` False if the tags are neither text nor list nor object.
    """

    objects: Sequence[tuple[str, dict[str, Any]]] = ()
    labels: frozenset[str] = frozenset()
    broken: str | None = None
    is_plain: bool = True
    is_readable: bool = True

    @property
    def is_command(self) -> bool:
        """True if they are meant as a command, even if they are none."""
        return bool(self.objects) or self.broken is not None or bool(self.bare_commands)

    @property
    def bare_commands(self) -> frozenset[str]:
        """The labels that name a command, or almost do."""
        return frozenset(label for label in self.labels if _names_command(label))

    @property
    def is_smart_assist(self) -> bool:
        """True if the bot advises the agent, as Microsoft has each reply of such a bot say."""
        return _SMART_ASSIST in self.labels


def read_tags(given: Any) -> Tags:
    """Read the value of `tags`."""
    if given is None:
        return Tags()
    if not isinstance(given, str | list | dict):
        return Tags(is_readable=False)
    if isinstance(given, str) and not any(mark in given for mark in '{["'):
        return Tags(labels=_labels(given))
    found = list(islice(_parts(given, "", _MOST_ENCODINGS), _MOST_PARTS + 1))
    if len(found) > _MOST_PARTS:
        return Tags(broken=f"there are more than {_MOST_PARTS} of them", is_plain=False)
    objects = [(path, part) for path, part in found if isinstance(part, dict)]
    labels = frozenset[str]().union(*(part for _, part in found if isinstance(part, frozenset)))
    smart = [one for one in objects if _names_smart_assist(one[1])]
    objects = [one for one in objects if one not in smart]
    broken = next((part for _, part in found if isinstance(part, str)), None)
    plain = isinstance(given, dict) or (isinstance(given, str) and given.lstrip().startswith("{"))
    return Tags(objects, labels | ({_SMART_ASSIST} if smart else frozenset()), broken, is_plain=plain)


def _parts(value: Any, path: str, wrapped: int) -> Iterator[tuple[str, dict[str, Any] | frozenset[str] | str]]:
    """Each object, each set of labels, and for each text that is broken JSON the reason, with its path."""
    if isinstance(value, dict):
        yield path, value
    elif isinstance(value, list):
        if value and not wrapped:
            yield path, _TOO_DEEP
        for number, item in enumerate(value if wrapped else ()):
            yield from _parts(item, f"{path}[{number}]", wrapped - 1)
    elif isinstance(value, str):
        yield from _parts_of_text(value, path, wrapped)


def _parts_of_text(text: str, path: str, wrapped: int) -> Iterator[tuple[str, dict[str, Any] | frozenset[str] | str]]:
    before, inner, after = _json_within(text)
    if not inner:
        yield path, _labels(text)
        return
    yield path, _labels(before) | _labels(after)
    try:
        document = parse_json(inner.encode(), InvalidActivity)
    except InvalidActivity as cause:
        yield path, cause.mistakes[0].reason.removeprefix("the body ")
        return
    if wrapped:
        yield from _parts(document, path, wrapped - 1)
    else:
        yield path, _TOO_DEEP


def _json_within(text: str) -> tuple[str, str, str]:
    """The text before its JSON, the JSON, which is empty if there is none, and the text after it."""
    stripped = text.strip()
    if stripped[:1] in ("{", "[", '"'):
        return "", stripped, ""
    begin, end = text.find("{"), text.rfind("}") + 1
    if begin < 0:
        return text, "", ""
    return text[:begin], text[begin : max(begin + 1, end)], text[max(begin + 1, end) :]


def _labels(text: str) -> frozenset[str]:
    return frozenset(label.strip().casefold() for label in _SEPARATOR.split(text)) - {""}


def _names_command(label: str) -> bool:
    return any(word in _COMMANDS or _is_typo(word) for word in _WORD.findall(label[:_LONGEST_LABEL]))


def _is_typo(word: str) -> bool:
    return any(typo_between(word, command) for command in _COMMANDS)


def _names_smart_assist(document: dict[str, Any]) -> bool:
    """True for an object that is no command, but names the label."""
    texts = [text.strip().casefold() for pair in document.items() for text in pair if isinstance(text, str)]
    return _SMART_ASSIST in texts
