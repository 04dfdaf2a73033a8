"""What an author of a configuration may have meant: the member or the value that is nearly what is written."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from shared.errors import Mistake
from shared.near_miss import did_you_mean
from shared.tenants.configuration import Configuration
from shared.wire import replace

_STEP = re.compile(r"\[(\d+)\]|([^.\[\]]+)")


def with_hint(mistake: Mistake, document: Any) -> Mistake:
    """The mistake, with a hint if its member, or its value, is nearly one that may stand there."""
    *way, last = _steps(mistake.path) or [""]
    if not isinstance(last, str):
        return mistake
    names = {name for schema in _schemas(way) for name in schema.get("properties", {})}
    if last not in names:
        hint = did_you_mean(last, names)
    else:
        value = _value(document, [*way, last])
        offered = {one for schema in _schemas([*way, last]) for one in schema.get("enum", ()) if isinstance(one, str)}
        hint = did_you_mean(value, offered) if isinstance(value, str) else ""
    return replace(mistake, reason=mistake.reason + hint)


def _steps(path: str) -> list[int | str]:
    return [int(index) if index else name for index, name in _STEP.findall(path)]


def _value(document: Any, steps: list[int | str]) -> Any:
    for step in steps:
        try:
            document = document[step]
        except (LookupError, TypeError):
            return None
    return document


def _schemas(steps: list[int | str]) -> list[dict[str, Any]]:
    """The JSON Schemas of the value at the end of these steps; several where it has several shapes."""
    schemas = [*_shapes(_schema())]
    for step in steps:
        inner = [schema.get("items") if isinstance(step, int) else _member(schema, step) for schema in schemas]
        schemas = [shape for schema in inner if schema for shape in _shapes(schema)]
    return schemas


def _member(schema: dict[str, Any], name: str) -> Any:
    return schema.get("properties", {}).get(name) or schema.get("additionalProperties")


def _shapes(schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The schema without references and alternatives."""
    if reference := schema.get("$ref"):
        yield from _shapes(_schema()["$defs"][reference.rpartition("/")[2]])
    elif alternatives := schema.get("anyOf") or schema.get("oneOf"):
        for one in alternatives:
            yield from _shapes(one)
    else:
        yield schema


@cache
def _schema() -> dict[str, Any]:
    return Configuration.model_json_schema(by_alias=True)
