"""The resources that templates would deploy, by evaluating the templates.

Only Microsoft's compiler knows which members a resource may have. But evaluation finds names that are not declared,
parameters that a module lacks or does not know, and declarations that no file uses.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from tree_sitter import Node

from tests.documents import ROOT
from tests.infra.bicep import BicepError, Template, parsed, parts, text

_ESCAPED = {"\\'": "'", "\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t", "\\$": "$"}

Sources = Mapping[str, str]
"""The text of each file, by its path below `infra/`."""


class Unknown(str):
    """A value that only Azure knows, as the expression for it."""

    __slots__ = ()


@dataclass(frozen=True)
class Reference:
    """A resource, or a module, of a file by its symbol; `index` if it is one of a loop."""

    file: str
    symbol: str
    index: int | None = None

    def __str__(self) -> str:
        return f"{self.file}:{self.symbol}" + ("" if self.index is None else f"[{self.index}]")


@dataclass(frozen=True)
class Resource:
    """A resource that would be deployed. `type` has no version; `body` is evaluated."""

    reference: Reference
    type: str
    body: Mapping[str, Any]

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def properties(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.body.get("properties", {})
        return found


@dataclass
class Deployment:
    """All resources that the templates would deploy with some parameters; not those that exist already."""

    sources: Sources
    resources: list[Resource] = field(default_factory=list)
    files: dict[str, Template] = field(default_factory=dict)
    taken: dict[str, set[str]] = field(default_factory=dict)
    """The outputs that some file reads, by the file that declares them."""

    def of_type(self, type_: str) -> list[Resource]:
        return [each for each in self.resources if each.type == type_]

    def at(self, reference: Any) -> Resource:
        """The resource that a reference names. Raises BicepError."""
        for each in self.resources:
            if each.reference == reference:
                return each
        raise BicepError(f"no resource is {reference}")

    def unused(self) -> list[str]:
        """Parameters, variables and outputs that nothing reads; the outputs of the main file are for people."""
        found = []
        for path, template in self.files.items():
            declared = {*template.parameters, *template.variables}
            found += [f"{path}: {name}" for name in sorted(declared - template.used)]
            if "/" in path:
                found += [f"{path}: {name}" for name in sorted(set(template.outputs) - self.taken.get(path, set()))]
        return found


def deployed(sources: Sources, parameters: Mapping[str, Any], main: str = "main.bicep") -> Deployment:
    """Evaluate the main file and its modules. Raises BicepError."""
    deployment = Deployment(sources)
    _File(deployment, main, parameters).deploy()
    return deployment


class _File:
    """The evaluation of one file with its parameters."""

    def __init__(self, deployment: Deployment, path: str, given: Mapping[str, Any]) -> None:
        if path not in deployment.sources:
            raise BicepError(f"there is no file {path}")
        self.deployment = deployment
        self.template = deployment.files.setdefault(path, parsed(path, deployment.sources[path]))
        self.path = path
        required = {name for name, (_, default) in self.template.parameters.items() if default is None}
        if wrong := (required - set(given)) | (set(given) - set(self.template.parameters)):
            raise BicepError(f"{path}: parameters that lack or are not declared: {sorted(wrong)}")
        self.given = given
        self.modules: dict[str, _File | None] = {}

    def deploy(self) -> None:
        """Evaluate everything that the file declares, in order: a module before what reads its outputs."""
        for symbol in (*self.template.modules, *self.template.resources):
            self._declared(symbol)
        for node in self.template.outputs.values():
            self.value(node, {})

    def _declared(self, symbol: str) -> None:
        if symbol in self.template.modules:
            self._module(symbol)
            return
        type_, existing, node = self.template.resources[symbol]
        for index, body in self._bodies(node, {}):
            resource = Resource(Reference(self.path, symbol, index), type_, body)
            if not existing:
                self.deployment.resources.append(resource)

    def _module(self, symbol: str) -> "_File | None":
        if symbol not in self.modules:
            path, node = self.template.modules[symbol]
            bodies = list(self._bodies(node, {}))
            self.modules[symbol] = None
            for _, body in bodies:
                file = _File(self.deployment, path, body.get("params", {}))
                self.modules[symbol] = file
                file.deploy()
        return self.modules[symbol]

    def _bodies(self, node: Node, scope: Mapping[str, Any]) -> Iterator[tuple[int | None, dict[str, Any]]]:
        """The bodies of a resource or a module: none if its condition is false, several if it is a loop."""
        if node.type == "for_statement":
            for index, (body, inner) in enumerate(self._turns(node, scope)):
                for _, value in self._bodies(body, inner):
                    yield index, value
        elif node.type == "if_statement":
            condition, body = parts(node)
            if self.value(condition, scope):
                yield None, self.value(body, scope)
        else:
            yield None, self.value(node, scope)

    def _turns(self, node: Node, scope: Mapping[str, Any]) -> Iterator[tuple[Node, dict[str, Any]]]:
        names, items, body = parts(node)
        each, *index = [text(part) for part in (parts(names) or [names])]
        for position, item in enumerate(self.value(items, scope)):
            yield body, {**scope, each: item, **({index[0]: position} if index else {})}

    def value(self, node: Node, scope: Mapping[str, Any]) -> Any:
        """The value of the expression. Raises BicepError if the tests do not know its kind."""
        evaluate: Callable[[Node, Mapping[str, Any]], Any] | None = getattr(self, f"_{node.type}", None)
        if evaluate is None:
            raise BicepError(f"{self.path}: {node.type} is not read: {text(node)[:60]}")
        return evaluate(node, scope)

    def _string(self, node: Node, scope: Mapping[str, Any]) -> str:
        pieces = []
        for part in parts(node):
            if part.type == "interpolation":
                pieces.append(str(self.value(parts(part)[0], scope)))
            else:
                pieces.append(_ESCAPED.get(text(part), text(part)))
        return "".join(pieces)

    def _number(self, node: Node, scope: Mapping[str, Any]) -> int:
        return int(text(node))

    def _boolean(self, node: Node, scope: Mapping[str, Any]) -> bool:
        return text(node) == "true"

    def _null(self, node: Node, scope: Mapping[str, Any]) -> None:
        return None

    def _array(self, node: Node, scope: Mapping[str, Any]) -> list[Any]:
        return [self.value(part, scope) for part in parts(node)]

    def _object(self, node: Node, scope: Mapping[str, Any]) -> dict[str, Any]:
        pairs = [parts(part) for part in parts(node)]
        return {
            self._string(key, scope) if key.type == "string" else text(key): self.value(value, scope)
            for key, value in pairs
        }

    def _for_statement(self, node: Node, scope: Mapping[str, Any]) -> list[Any]:
        return [self.value(body, inner) for body, inner in self._turns(node, scope)]

    def _parenthesized_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        return self.value(parts(node)[0], scope)

    def _ternary_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        condition, yes, no = parts(node)
        return self.value(yes if self.value(condition, scope) else no, scope)

    def _unary_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        return not self.value(parts(node)[0], scope)

    def _binary_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        left, right = (self.value(part, scope) for part in parts(node))
        match text(node.children[1]):
            case "==":
                return left == right
            case ">":
                return left > right
            case "&&":
                return left and right
            case other:
                raise BicepError(f"{self.path}: the operator {other} is not read")

    def _identifier(self, node: Node, scope: Mapping[str, Any]) -> Any:
        name = text(node)
        self.template.used.add(name)
        if name in scope:
            return scope[name]
        if name in self.template.variables:
            return self.value(self.template.variables[name], {})
        if name in self.template.parameters:
            default = self.template.parameters[name][1]
            return self.given[name] if name in self.given or default is None else self.value(default, {})
        if name in self.template.resources:
            return Reference(self.path, name)
        raise BicepError(f"{self.path}: {name} is not declared")

    def _subscript_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        of, at = (self.value(part, scope) for part in parts(node))
        return Reference(of.file, of.symbol, at) if isinstance(of, Reference) else of[at]

    def _member_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        inner, member = parts(node)
        if inner.type == "member_expression" and text(parts(inner)[1]) == "outputs":
            return self._output(text(parts(inner)[0]), text(member))
        of = self.value(inner, scope)
        if isinstance(of, Mapping):
            if text(member) not in of:
                raise BicepError(f"{self.path}: {text(node)} is not declared")
            return of[text(member)]
        return Unknown(f"{of}.{text(member)}")

    def _output(self, symbol: str, name: str) -> Any:
        module = self._module(symbol)
        if module is None or name not in module.template.outputs:
            raise BicepError(f"{self.path}: {symbol} has no output {name}")
        self.deployment.taken.setdefault(module.path, set()).add(name)
        return module.value(module.template.outputs[name], {})

    def _call_expression(self, node: Node, scope: Mapping[str, Any]) -> Any:
        function, arguments = parts(node)
        given = [self.value(part, scope) for part in parts(arguments)]
        if text(function) == "loadTextContent":
            return (ROOT / "infra" / PurePosixPath(self.path).parent / given[0]).read_text("utf-8")
        known = _FUNCTIONS.get(text(function))
        return known(*given) if known else Unknown(f"{text(function)}({', '.join(map(str, given))})")


def _union(*given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for each in given for name, value in each.items()}


def _joined(*given: Sequence[Any]) -> list[Any]:
    return [each for one in given for each in one]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "concat": _joined,
    "empty": lambda given: not given,
    "join": lambda given, between: between.join(given),
    "length": len,
    "replace": lambda text, old, new: type(text)(str(text).replace(old, new)),
    "split": lambda text, between: text.split(between),
    "string": lambda given: given if isinstance(given, str) else json.dumps(given),
    "union": _union,
}
