"""YAML, restricted to what JSON can express."""

import re
from collections.abc import Mapping
from typing import Any

import yaml

from shared.errors import InvalidConfiguration, Mistake, Position
from shared.wire import join_path


def parse_yaml(body: bytes) -> dict[str, Any]:
    """The mapping that the YAML contains. Raises InvalidConfiguration for anything else."""
    try:
        document = yaml.load(body.decode("utf-8-sig"), _JsonLoader)  # noqa: S506  # a SafeLoader, made stricter
    except UnicodeDecodeError as cause:
        raise InvalidConfiguration([Mistake("", f"the body is not UTF-8: byte {cause.start}")]) from cause
    except RecursionError as cause:
        raise InvalidConfiguration([Mistake("", "the YAML is nested too deeply")]) from cause
    except (yaml.YAMLError, ValueError, OverflowError) as cause:
        # The text of the error would show a piece of the body, in which a secret may stand.
        said = [getattr(cause, part, None) for part in ("context", "problem")]
        mark = getattr(cause, "problem_mark", None)
        what = ", ".join(filter(None, said)) or "it holds what neither can express"
        reason = f"the body is neither JSON nor YAML: {what}"
        position = _position(mark) if mark else None
        raise InvalidConfiguration([Mistake("", reason, position=position)]) from None
    if not isinstance(document, dict):
        raise InvalidConfiguration([Mistake("", "a configuration is a mapping")])
    return document


def is_json(body: bytes) -> bool:
    """True if the body is JSON, False if it is to be read as YAML."""
    return body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{"


def positions(body: bytes) -> dict[str, Position]:
    """Where each member and item of a YAML document begins, by its path; nothing for JSON, or what cannot be read."""
    found: dict[str, Position] = {}
    if is_json(body):
        return found
    try:
        root = yaml.compose(body.decode("utf-8-sig"), _JsonLoader)
    except (yaml.YAMLError, ValueError, RecursionError):
        return found
    open_nodes: list[tuple[tuple[int | str, ...], yaml.Node | None]] = [((), root)]
    while open_nodes:
        path, node = open_nodes.pop()
        if isinstance(node, yaml.MappingNode):
            inner = [((*path, str(name.value)), value, name) for name, value in node.value]
        elif isinstance(node, yaml.SequenceNode):
            inner = [((*path, index), item, item) for index, item in enumerate(node.value)]
        else:
            continue
        for at, value, shown in inner:
            found[join_path(at)] = _position(shown.start_mark)
            open_nodes.append((at, value))
    return found


def position_of(path: str, known: Mapping[str, Position]) -> Position | None:
    """Where the path stands, or the nearest part of it that does."""
    while path and path not in known:
        path = path[: max(path.rfind("."), path.rfind("["), 0)]
    return known.get(path)


def _position(mark: yaml.Mark) -> Position:
    return Position(mark.line + 1, mark.column + 1)


class _JsonLoader(yaml.SafeLoader):
    """A YAML loader that accepts only what JSON can express.

    No aliases (a short document could unfold to gigabytes), no tags, no guesses: `no` and `2026-01-01` are texts.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="aliases and tags are not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT002  # PyYAML's
        names = [name.value for name, _ in node.value]
        if repeated := [name for n, (name, _) in enumerate(node.value) if name.value in names[:n]]:
            problem = f"{repeated[0].value!r} stands there twice"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=repeated[0].start_mark)
        return super().construct_mapping(node, deep)


_JsonLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)
