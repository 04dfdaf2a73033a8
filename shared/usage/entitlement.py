"""Entitlement: the sessions of a tenant's licences and add-ons, pooled per tenant, gone at the end of the month."""

from collections.abc import Iterable
from datetime import date

from shared.tenants.configuration import AddOn, Configuration, Licence
from shared.wire import ExactModel

SESSIONS_PER_LICENCE = 50
SESSIONS_PER_ADD_ON = 100
ADD_ON_PRODUCT = "Dynamics 365 for Customer Service Chatbot session add-on"
"""Source of the product and of both numbers: seed 000, "Bot sessions usage", "Purchase additional chatbot sessions"."""
ADD_ON_SOURCE = "https://admin.microsoft.com > Billing > Purchase Services > Add-ons"
"""Where the add-on is purchases: the Microsoft 365 admin center, as a global administrator (seed 000, as above)."""


class Entitlement(ExactModel):
    """The licences and add-ons in effect in a month, and the sessions (`total`) that they give together."""

    licences: int
    add_ons: int
    total: int


def entitlement(configuration: Configuration, month: str) -> Entitlement:
    """The entitlement of a month (yyyy-mm): every purchase in effect on any of its days. Add-ons need a licence."""
    licences = _in_effect(configuration.licences, month)
    add_ons = _in_effect(configuration.add_ons, month) if licences else 0
    return Entitlement(
        licences=licences, add_ons=add_ons, total=licences * SESSIONS_PER_LICENCE + add_ons * SESSIONS_PER_ADD_ON
    )


def overage(sessions: int, pool: int) -> int:
    """The sessions that the pool does not cover."""
    return max(0, sessions - pool)


def add_ons_needed(overage: int) -> int:
    """How many more add-ons cover the overage."""
    return -(-overage // SESSIONS_PER_ADD_ON)


def _in_effect(purchases: Iterable[Licence | AddOn], month: str) -> int:
    first = date.fromisoformat(f"{month}-01")
    return sum(
        purchase.quantity
        for purchase in purchases
        if purchase.effective.replace(day=1) <= first and (purchase.until is None or first <= purchase.until)
    )
