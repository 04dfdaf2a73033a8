"""The settings that a tenant's configuration may name: one process has those of all tenants, and more than secrets."""

import re
from collections.abc import Collection

_OWN = "PATCHBAY_SECRET_"


def own_prefix(tenant_id: str) -> str:
    """How the names of the tenant's own secrets begin: `PATCHBAY_SECRET_CONTOSO_` for `contoso`.

    A hyphen becomes two underscores, and behind the prefix comes no underscore. So no tenant's names are another one's.
    """
    return f"{_OWN}{tenant_id.upper().replace('-', '__')}_"


def may_name(tenant_id: str, reference: str, granted: Collection[str] = ()) -> bool:
    """True if the tenant may name this setting (`env:NAME`): its own, or one that begins with what it is granted."""
    name = reference.removeprefix("env:")
    own = re.fullmatch(re.escape(own_prefix(tenant_id)) + r"[A-Z0-9][A-Z0-9_]*", name)
    return own is not None or name.startswith(tuple(granted))
