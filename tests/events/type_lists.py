"""Finds where source code lists event types instead of asking a trait, or falls back silently for a type."""

import ast
from collections.abc import Iterator

from shared.events.bus import SUBSCRIPTIONS
from shared.events.catalog import EVENT_CLASSES, EVENT_TYPES

_CLASSES = {each.__name__ for each in EVENT_CLASSES}
_TEXTS = {*EVENT_TYPES, *SUBSCRIPTIONS}


def type_lists(source: str) -> list[str]:
    """Each `isinstance` of event classes, comparison with a type's name, list of names, and `match` left open."""
    return [found for node in ast.walk(ast.parse(source)) if (found := _found(node))]


def _found(node: ast.AST) -> str | None:
    match node:
        case ast.Call(func=ast.Name(id="isinstance")) if set(_names(node.args[1])) & _CLASSES:
            return ast.unparse(node)
        case ast.Compare() if any(text in _TEXTS for text in _texts(node)):
            return ast.unparse(node)
        case ast.Dict() | ast.List() | ast.Tuple() | ast.Set() if len({*_texts(node)} & _TEXTS) > 1:
            return ast.unparse(node)
        case ast.Match() if _is_about_types(node) and "assert_never" not in _names(node.cases[-1]):
            return f"match {ast.unparse(node.subject)}"
        case _:
            return None


def _is_about_types(node: ast.Match) -> bool:
    # What stands in a pattern of members, such as a payload's, is no list of types.
    cases = [each.pattern for each in node.cases if not isinstance(each.pattern, ast.MatchMapping)]
    patterns = [each for case in cases for each in (case.patterns if isinstance(case, ast.MatchOr) else [case])]
    named = {name for pattern in patterns if isinstance(pattern, ast.MatchClass) for name in _names(pattern.cls)}
    texts = {text for pattern in patterns if isinstance(pattern, ast.MatchValue) for text in _texts(pattern)}
    return bool(named & _CLASSES or texts & _TEXTS)


def _names(node: ast.AST) -> Iterator[str]:
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def _texts(node: ast.AST) -> Iterator[str]:
    for each in ast.walk(node):
        if isinstance(each, ast.Constant) and isinstance(each.value, str):
            yield each.value
