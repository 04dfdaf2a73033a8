"""Dividing a number of sessions or add-ons in whole units."""

from collections.abc import Mapping


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
