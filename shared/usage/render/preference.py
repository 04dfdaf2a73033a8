"""The media types or languages that a header asks for, in order of preference (RFC 9110, section 12.5)."""

import re


def preferred(header: str) -> list[str]:
    """The names in an `Accept` or `Accept-Language` header, in lower case; those of quality 0 are left out."""
    weighted_names: list[tuple[float, str]] = []
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        quality = float(weight) if re.fullmatch(r"[01](\.[0-9]{0,3})?", weight) else 1.0
        if name and quality > 0:
            weighted_names.append((quality, name))
    return [name for _, name in sorted(weighted_names, key=lambda weighted: -weighted[0])]
