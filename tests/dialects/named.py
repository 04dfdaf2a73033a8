"""Finds where source code names a dialect: by its name, by a proof that only it has, or by importing its room."""

import ast
from collections.abc import Iterator
from pathlib import Path

from shared.dialects.dialect import Dialect
from shared.dialects.registry import DIALECTS
from tests.documents import ROOT

REGISTRY = "shared/dialects/registry.py"
ROOMS = ("shared", "functions", "local", "tools")
OWN_WORLD = ("local/sample", "local/independent_count")
"""They know the native payloads by themselves, and share no code with the pipeline."""


def room_of(dialect: Dialect) -> str:
    """The dialect's folder, or its file: what begins the path of each of its modules."""
    module = type(dialect).__module__
    return module.removesuffix(".dialect").replace(".", "/")


def sources() -> Iterator[tuple[str, str]]:
    """Path and text of each module that lies in no dialect's room and is not the registry."""
    left = (REGISTRY, *OWN_WORLD, *(room_of(dialect) for dialect in DIALECTS))
    for file in (file for room in ROOMS for file in (ROOT / room).rglob("*.py")):
        path = str(Path(file).relative_to(ROOT))
        if not path.startswith(left):
            yield path, file.read_text(encoding="utf-8")


def dialects_named(source: str) -> list[str]:
    """Each text that is the name of a dialect or of its own proof, and each import from a dialect's room."""
    names = {dialect.name for dialect in DIALECTS} | {proof.name for one in DIALECTS for proof in one.own_proofs}
    names -= {"standardWebhooks"}
    modules = tuple(room_of(dialect).replace("/", ".") for dialect in DIALECTS)
    return [found for node in ast.walk(ast.parse(source)) if (found := _found(node, names, modules))]


def _found(node: ast.AST, names: set[str], modules: tuple[str, ...]) -> str | None:
    match node:
        case ast.Constant(value=str(text)) if text in names:
            return text
        case ast.ImportFrom(module=str(module)) if module.startswith(modules):
            return module
        case ast.Import(names=imported) if any(one.name.startswith(modules) for one in imported):
            return ast.unparse(node)
        case _:
            return None
