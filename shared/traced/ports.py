"""One wrapper for every port: each call of a method is a span."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from shared.conversations.ports import FactExists
from shared.effects.archive import PartExists
from shared.errors import DayClosed, HeadChanged, ThreadChanged
from shared.telemetry import KEY, TENANT, Telemetry
from shared.usage.ledger import BooksChanged

_ANSWERS: Mapping[str, tuple[type[Exception], ...]] = {
    "append": (FactExists,),
    "commit": (FactExists, HeadChanged),
    "save_head": (HeadChanged,),
    "delete": (HeadChanged,),
    "save": (ThreadChanged,),
    "add": (PartExists,),
    "post": (DayClosed,),
    "correct": (DayClosed,),
    "close": (BooksChanged,),
    "restate": (BooksChanged,),
}
"""Exceptions by which a port answers, by operation. A call that raises one of them has not failed."""

P = TypeVar("P")


@dataclass(frozen=True)
class Traced:
    """Stands in for `port`. `system` is the store behind it (`db.system.name`), `collection` what it holds."""

    port: Any
    telemetry: Telemetry
    system: str
    collection: str

    def __getattr__(self, operation: str) -> Any:
        method = getattr(self.port, operation)
        return self._spanned(operation, method) if inspect.iscoroutinefunction(method) else method

    def _spanned(self, operation: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        parameters = tuple(inspect.signature(method).parameters)
        answers = _ANSWERS.get(operation, ())
        fixed = {
            "db.system.name": self.system,
            "db.collection.name": self.collection,
            "db.operation.name": operation,
        }

        async def call(*positional: Any, **named: Any) -> Any:
            arguments = {**dict(zip(parameters, positional, strict=False)), **named}
            attributes = {**fixed, TENANT: arguments["tenant_id"], **_key_among(arguments)}
            with self.telemetry.calling(f"{operation} {self.collection}", attributes, answers):
                return await method(*positional, **named)

        # Found before __getattr__ from now on, so that a method's signature is read once.
        self.__dict__[operation] = call
        return call


def traced_port(port: P, telemetry: Telemetry, system: str, collection: str) -> P:
    """The port with a span around each call."""
    return cast("P", Traced(port, telemetry, system, collection))


def _key_among(arguments: dict[str, Any]) -> dict[str, str]:
    """The attribute with the key of the conversation that the call is about; none if it is about no conversation."""
    document = arguments.get("row") or arguments.get("correction")
    key = arguments.get("key") or arguments.get("place") or (document and document.key)
    return {KEY: key} if key else {}
