"""What a header asks for, the most wanted first (RFC 9110, section 12.5): media types, languages."""

import re


def preferred(header: str) -> list[str]:
    """The names in an `Accept` or `Accept-Language` header, in lower case; those of quality 0 are left out."""
    wanted: list[tuple[float, str]] = []
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        given = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        quality = float(given) if re.fullmatch(r"[01](\.[0-9]{0,3})?", given) else 1.0
        if name and quality > 0:
            wanted.append((quality, name))
    return [name for _, name in sorted(wanted, key=lambda one: -one[0])]
