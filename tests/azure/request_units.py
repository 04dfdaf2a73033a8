"""What requests would cost on Azure, by the price table in `infra/prices/request-units.json`, and what they store.

The charges of an emulator are not Azure's.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.pipeline.transport import HttpRequest

from shared.azure.cosmos.containers import CONTAINERS
from tests.azure.faults import Request, WatchedTransport
from tools.cost.request_units import request_units

_INDEXED = {
    definition.id: tuple(
        tuple(path.split("/")[1] for path in paths)
        for paths in (*((path,) for path in definition.indexed), *definition.composite)
    )
    for definition in CONTAINERS
}
"""The members of each index of a container, one or more."""
_KINDS = {"GET": "read", "POST": "create", "PUT": "replace", "PATCH": "patch", "DELETE": "delete"}


@dataclass(frozen=True)
class Priced:
    """A request: its container, its kind, and its cost in request units, of which replaces cost `replaces`."""

    container: str
    kind: str
    request_units: float
    replaces: float = 0.0


class PricedTransport(WatchedTransport):
    """Prices every request for documents. It keeps the written documents, to find the indexed terms that change."""

    def __init__(self) -> None:
        super().__init__()
        self.priced: list[Priced] = []
        self.stored: dict[tuple[str, str, str], int] = {}
        """The bytes of each document as it was last written: by container, partition and id."""
        self._terms: dict[tuple[str, str, str], dict[tuple[str, ...], Any]] = {}

    async def send(self, request: HttpRequest, **config: Any) -> Any:
        answer = await super().send(request, **config)
        if "/docs" in request.url:
            await answer.load_body()
            container = request.url.partition("/colls/")[2].partition("/")[0]
            self.priced.append(self._price(container, Request(request), answer.body()))
        return answer

    def _price(self, container: str, request: Request, answer: bytes) -> Priced:
        prices = request_units()
        if request.is_query:
            return Priced(container, "query", float(prices.query(len(json.loads(answer)["Documents"]), len(answer))))
        if request.method == "GET":
            return Priced(container, "read", float(prices.read(len(answer))))
        partition = str(request.http.headers["x-ms-documentdb-partitionkey"])
        kind = "batch" if request.batch else _KINDS[request.method]
        operations = request.batch or [{"operationType": kind, "resourceBody": _body(request)}]
        costs = [(_kind(one), self._operation(container, partition, one)) for one in operations]
        replaces = sum(cost for name, cost in costs if name == "replace")
        return Priced(container, kind, sum(cost for _, cost in costs), replaces)

    def _operation(self, container: str, partition: str, operation: Mapping[str, Any]) -> float:
        kind, body = _kind(operation), operation.get("resourceBody", {})
        prices = request_units()
        if kind == "delete":
            return float(prices.delete())
        if kind == "patch":
            return float(prices.patch(len(body["operations"])))
        place = (container, partition, body["id"])
        terms = {
            names: [body.get(name) for name in names] for names in _INDEXED[container] if body.keys() >= set(names)
        }
        before = self._terms.get(place, {})
        self._terms[place] = terms
        changed = sum(terms.get(name) != before.get(name) for name in terms.keys() | before.keys())
        self.stored[place] = len(json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode())
        return float(prices.write(self.stored[place], changed))


def _kind(operation: Mapping[str, Any]) -> str:
    return str(operation["operationType"]).lower()


def _body(request: Request) -> Any:
    data = request.http.data
    return json.loads(data) if isinstance(data, str | bytes) and data else {}
