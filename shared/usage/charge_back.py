"""Charge-back: a month's entitlement and overage, divided among bots, channels or work streams in whole units."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.usage.apportionment import apportion
from shared.usage.report import UsageReport


@dataclass(frozen=True)
class Share:
    """The sessions of one bot, channel or work stream, and its share of entitlement and overage, in whole units.

    `entitlement` is the part of the pool (in sessions) that it is charged with, whether or not it used all of that;
    `overage` counts those of its `sessions` that the pool did not cover; `add_ons_needed` is its part of the purchase.
    """

    sessions: int
    entitlement: int
    overage: int
    add_ons_needed: int

    @property
    def covered(self) -> int:
        """Sessions that the pool covered."""
        return self.sessions - self.overage


def charge_back(report: UsageReport, sessions: Mapping[str, int]) -> dict[str, Share]:
    """The share of each part of a breakdown (`by_bot`, `by_channel`, `by_work_stream`), by its sessions.

    The shares add up to the report's entitlement, overage and add-ons needed; a month without sessions has no
    parts, and its entitlement stays with the tenant. No part has more overage than sessions. Corrections of earlier
    months are no part of it: what they make due is divided by itself (`Due`).
    """
    entitlement = apportion(report.entitlement.total, sessions)
    overage = apportion(report.overage, sessions)
    add_ons = apportion(report.add_ons_needed, sessions)
    return {part: Share(n, entitlement[part], overage[part], add_ons[part]) for part, n in sessions.items()}
