"""Values of context variables that a rule names nearly so, and no rule exactly so. Pure."""

from functools import lru_cache
from typing import Any

from shared.near_miss import near_misses
from shared.routing.compiled_rules import CompiledRules

_LONGEST = 200


def value_near_misses(rules: CompiledRules, name: str, value: Any) -> tuple[tuple[str, str], ...]:
    """The texts of rules that differ a little from this value of the variable, each with how it differs."""
    texts = rules.texts.get(name)
    if texts is None or not isinstance(value, str) or value in texts:
        return ()
    return _near(value[:_LONGEST], texts)


# A bot hands over the same values again and again, and comparing takes a microsecond for each text of the rules.
@lru_cache(maxsize=4096)
def _near(value: str, texts: frozenset[str]) -> tuple[tuple[str, str], ...]:
    return tuple(near_misses(value, sorted(texts)))
