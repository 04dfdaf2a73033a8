"""A reader of Bicep for tests: the declarations of a file, and its syntax errors."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

_PARSER = Parser(Language(tree_sitter_bicep.language()))


class BicepError(Exception):
    """Raised if a template cannot be evaluated; the compiler would refuse it, too."""


@dataclass
class Template:
    """The declarations of a file, by name."""

    path: str
    parameters: dict[str, tuple[str, Node | None]] = field(default_factory=dict)
    """Name → type and default."""
    decorators: dict[str, dict[str, Node]] = field(default_factory=dict)
    variables: dict[str, Node] = field(default_factory=dict)
    resources: dict[str, tuple[str, bool, Node]] = field(default_factory=dict)
    """Symbol → type, whether it exists already, and body."""
    modules: dict[str, tuple[str, Node]] = field(default_factory=dict)
    outputs: dict[str, Node] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)


def errors(source: str) -> list[str]:
    """The syntax errors, each with its line."""
    return [
        f"{node.start_point[0] + 1}: {text(node)[:60]}" for node in _faults(_PARSER.parse(source.encode()).root_node)
    ]


def _faults(node: Node) -> Iterator[Node]:
    if node.type == "ERROR" or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from _faults(child)


def parsed(path: str, source: str) -> Template:
    """The declarations of the file. Raises BicepError if it is not Bicep."""
    if found := errors(source):
        raise BicepError(f"{path}:{found[0]}")
    template, decorators = Template(path), {}
    for node in parts(_PARSER.parse(source.encode()).root_node):
        if node.type == "decorators":
            calls = [parts(each)[0] for each in parts(node)]
            decorators = {text(parts(call)[0]): parts(call)[1] for call in calls}
            continue
        _declare(template, node, decorators)
        decorators = {}
    return template


def _declare(template: Template, node: Node, decorators: dict[str, Node]) -> None:
    pieces = parts(node)
    name = text(pieces[0])
    match node.type:
        case "parameter_declaration":
            template.parameters[name] = (text(pieces[1]), pieces[2] if len(pieces) > 2 else None)
            template.decorators[name] = decorators
        case "variable_declaration":
            template.variables[name] = pieces[1]
        case "resource_declaration":
            existing = any(text(child) == "existing" for child in node.children)
            template.resources[name] = (text(pieces[1]).strip("'").partition("@")[0], existing, pieces[2])
        case "module_declaration":
            folder = PurePosixPath(template.path).parent
            template.modules[name] = (str(folder / text(pieces[1]).strip("'")), pieces[2])
        case "output_declaration":
            template.outputs[name] = pieces[-1]
        case "target_scope_assignment":
            pass
        case other:
            raise BicepError(f"{template.path}: {other} is not read")


def parts(node: Node) -> list[Node]:
    """The named children of a node, without comments."""
    return [child for child in node.children if child.is_named and child.type != "comment"]


def text(node: Node) -> str:
    """The node's source text."""
    return (node.text or b"").decode()
