"""The secrets of senders, of which a tenant's configuration may name its own alone."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared.tenants.secret_names import may_name


class Secrets(Protocol):
    """The port to secrets."""

    def value(self, reference: str) -> str | None:
        """The secret that a configuration refers to as `env:NAME`; None if it is not set."""
        ...


@dataclass(frozen=True)
class GrantedSecrets:
    """Secrets by tenant. `prefixes`: how names may begin that the operator grants to a tenant, beside its own."""

    secrets: Secrets
    prefixes: Mapping[str, frozenset[str]]

    def grants(self, tenant_id: str, reference: str) -> bool:
        """True if the tenant may name this secret."""
        return may_name(tenant_id, reference, self.prefixes.get(tenant_id, frozenset()))

    def value(self, tenant_id: str, reference: str) -> str | None:
        """The secret; None if it is not set, or not the tenant's to name."""
        return self.secrets.value(reference) if self.grants(tenant_id, reference) else None
