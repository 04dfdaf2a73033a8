"""What a tenant may use: sessions of its licences and add-ons, pooled per tenant, gone at the end of the month."""

from collections.abc import Iterable
from datetime import date

from shared.tenants.configuration import AddOn, Configuration, Licence
from shared.wire import WireModel

SESSIONS_PER_LICENCE = 50
SESSIONS_PER_ADD_ON = 100
ADD_ON_PRODUCT = "Dynamics 365 for Customer Service Chatbot session add-on"
"""Seed 000, "Bot sessions usage" and "Purchase additional chatbot sessions"."""
ADD_ON_SOURCE = "https://admin.microsoft.com > Billing > Purchase Services > Add-ons"
"""Where the add-on is bought: the Microsoft 365 admin center, as a global administrator (seed 000, as above)."""


class Entitlement(WireModel):
    """Quantities in effect, and the sessions they give together."""

    licences: int
    add_ons: int
    total: int


def entitlement(configuration: Configuration, month: str) -> Entitlement:
    """What counts in the month (yyyy-mm): all that is in effect on any of its days. Add-ons need a licence."""
    licences = _in_effect(configuration.licences, month)
    add_ons = _in_effect(configuration.add_ons, month) if licences else 0
    return Entitlement(
        licences=licences, add_ons=add_ons, total=licences * SESSIONS_PER_LICENCE + add_ons * SESSIONS_PER_ADD_ON
    )


def add_ons_needed(overage: int) -> int:
    """How many more add-ons cover the overage."""
    return -(-overage // SESSIONS_PER_ADD_ON)


def _in_effect(bought: Iterable[Licence | AddOn], month: str) -> int:
    first = date.fromisoformat(f"{month}-01")
    return sum(
        item.quantity
        for item in bought
        if item.effective.replace(day=1) <= first and (item.until is None or first <= item.until)
    )
