"""A request as a dialect sees it, and what it is answered; independent of who may come in, and of the web framework."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Received:
    """A request. Names of headers are lower-case; `query` has the parameters of its address."""

    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    method: str = "POST"
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Reply:
    """An answer: `body` is a JSON document, or a plain text."""

    status: int
    body: Mapping[str, Any] | str
    headers: Mapping[str, str] = field(default_factory=dict)
