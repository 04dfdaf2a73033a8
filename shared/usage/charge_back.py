"""Charge-back: a month's entitlement and overage, divided among bots, channels or work streams in whole units."""

from collections.abc import Mapping
from dataclasses import dataclass

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
    parts, and its entitlement stays with the tenant. No part has more overage than sessions: overage beyond all
    sessions of the month, which only corrections of earlier months can bring, stays with the tenant, too.
    """
    entitlement = apportion(report.entitlement.total, sessions)
    overage = apportion(min(report.overage, sum(sessions.values())), sessions)
    add_ons = apportion(report.add_ons_needed, sessions)
    return {part: Share(n, entitlement[part], overage[part], add_ons[part]) for part, n in sessions.items()}


def apportion(whole: int, weights: Mapping[str, int]) -> dict[str, int]:
    """Divide `whole` by weight, in whole units, by the largest remainder method (Hamilton's, with the Hare quota).

    Each part gets its exact share rounded down. The units left over go, one each, to the parts with the largest
    remainders, on a tie to the first name. The parts add up to `whole` if any weight is above 0, and each is within 1
    of its exact share. If every weight is 0, so is every part. Raises ValueError for a negative whole or weight.
    """
    if whole < 0 or any(weight < 0 for weight in weights.values()):
        raise ValueError("only what is not negative can be apportioned")
    total = sum(weights.values())
    if total == 0:
        return dict.fromkeys(weights, 0)
    shares = {part: divmod(whole * weight, total) for part, weight in weights.items()}
    left = whole - sum(quotient for quotient, _ in shares.values())
    favoured = set(sorted(shares, key=lambda part: (-shares[part][1], part))[:left])
    return {part: quotient + (part in favoured) for part, (quotient, _) in shares.items()}
