"""The spans of one port's calls."""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from shared.telemetry import KEY, TENANT, Telemetry


@dataclass(frozen=True)
class Calls:
    """Makes the spans. `system`: which store it is, as OpenTelemetry names it; `collection`: what lies there."""

    telemetry: Telemetry
    system: str
    collection: str

    def call(
        self, operation: str, tenant_id: str, key: str | None = None, *, expected: tuple[type[Exception], ...] = ()
    ) -> AbstractContextManager[None]:
        """One call of a method; what is `expected` to be raised is an answer, no failure."""
        attributes: dict[str, str | int] = {
            "db.system.name": self.system,
            "db.collection.name": self.collection,
            "db.operation.name": operation,
            TENANT: tenant_id,
        }
        if key is not None:
            attributes[KEY] = key
        return self.telemetry.calling(f"{operation} {self.collection}", attributes, expected)
