"""YAML, restricted to what JSON can express."""

import re
from typing import Any

import yaml

from shared.errors import InvalidConfiguration, Mistake


def parse_yaml(body: bytes) -> dict[str, Any]:
    """The mapping that the YAML contains. Raises InvalidConfiguration for anything else."""
    try:
        document = yaml.load(body.decode("utf-8-sig"), _JsonLoader)  # noqa: S506  # a SafeLoader, made stricter
    except UnicodeDecodeError as cause:
        raise InvalidConfiguration([Mistake("", f"the body is not UTF-8: byte {cause.start}")]) from cause
    except RecursionError as cause:
        raise InvalidConfiguration([Mistake("", "the YAML is nested too deeply")]) from cause
    except (yaml.YAMLError, ValueError, OverflowError) as cause:
        raise InvalidConfiguration([Mistake("", f"the body is neither JSON nor YAML: {cause}")]) from cause
    if not isinstance(document, dict):
        raise InvalidConfiguration([Mistake("", "a configuration is a mapping")])
    return document


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
        if repeated := [name for name in names if names.count(name) > 1]:
            raise yaml.MarkedYAMLError(problem=f"{repeated[0]!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_JsonLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)
