"""Finds the functions of the app through the public API of azure-functions."""

import functools
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import azure.functions as func


@dataclass(frozen=True)
class Function:
    """One function: its name, its trigger (as JSON members), and its code."""

    name: str
    trigger: Mapping[str, Any]
    code: Any

    @cached_property
    def kind(self) -> str:
        return str(self.trigger["type"])

    def decode(self, datum: Any, metadata: Mapping[str, Any]) -> Any:
        """The argument, built by the trigger's own converter as the Functions worker does."""
        return self._converter.decode(datum, trigger_metadata=metadata)

    @cached_property
    def _converter(self) -> Any:
        return func.get_binding_registry().get(self.kind)

    async def run(self, argument: Any) -> Any:
        return await self.code(**{self.trigger["name"]: argument})


@functools.cache
def index() -> tuple[Function, ...]:
    """Every function of the app. Indexing works once per process, so the answer is kept."""
    from function_app import app  # noqa: PLC0415  # the app is loaded when a host starts, not when this module is

    return tuple(_function(indexed) for indexed in app.get_functions())


def resolved(text: str) -> str:
    """The text with every `%NAME%` replaced from the environment. Raises KeyError with a name that is not set."""
    return re.sub(r"%(\w+)%", lambda match: os.environ[match[1]], text)


def _function(indexed: Any) -> Function:
    return Function(indexed.get_function_name(), indexed.get_trigger().get_dict_repr(), indexed.get_user_function())
