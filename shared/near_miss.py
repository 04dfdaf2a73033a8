"""Names and values that are nearly, but not quite, another one."""

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from itertools import chain

_SHORTEST = 5
"""Of shorter texts, one character says little: Cat and Car."""
_SHORTEST_SWAPPED = 4
"""Shorter texts are often another word when two characters change places: for and fro."""


def did_you_mean(name: str, declared: Iterable[str]) -> str:
    """What a refusal says after naming the unknown name; empty where no declared name is like it."""
    by_folded: dict[str, str] = {}
    for known in declared:
        by_folded.setdefault(known.casefold(), known)
    near = get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.8)
    # Of a short name, two characters that changed places are a large part.
    near = near or [known for known in by_folded if typo_between(name, known)][:1]
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


def near_misses(value: str, others: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The texts that differ from the value in case or by one typo only, each with how it differs."""
    return ((other, how) for other in others if (how := typo_between(value, other)))


class Spellings:
    """Texts, of which those that are nearly another one are found without comparing it with each of them.

    Two texts that differ by one typo are alike once each has lost one character, or none. So each is filed under all
    that it can be then; texts of more than 50 characters only under what they are in one case.
    """

    def __init__(self) -> None:
        self._filed: dict[str, list[str]] = {}
        self._number: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._number)

    def add(self, text: str) -> None:
        self._number[text] = len(self._number)
        for part in _parts(text):
            self._filed.setdefault(part, []).append(text)

    def alike(self, text: str, most: int) -> list[str]:
        """Of the texts that were added those that may be nearly this one, the earliest first; at most so many."""
        found: set[str] = set()
        for other in chain.from_iterable(self._filed.get(part, ()) for part in _parts(text)):
            found.add(other)
            if len(found) == most:
                break
        return sorted(found, key=self._number.__getitem__)


_LONGEST = 50


def _parts(text: str) -> list[str]:
    """The text in one case, and what it is without any one of its characters, if that may be a typo."""
    folded = text.casefold()
    if not _SHORTEST_SWAPPED <= len(folded) <= _LONGEST:
        return [folded]
    return [*dict.fromkeys([folded, *(folded[:n] + folded[n + 1 :] for n in range(len(folded)))])]


def typo_between(one: str, other: str) -> str | None:
    """How two different texts differ, if only in case or by one typo; None if they differ more.

    One typo is a character too many, too few or wrong, or two neighbours that changed places; in a short text only the
    last. A digit is never one: Tariff1 and Tariff2 are two things.
    """
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    if short == long:
        return "only in upper and lower case"
    if len(short) < _SHORTEST_SWAPPED or len(long) - len(short) > 1:
        return None
    start = next((n for n, (a, b) in enumerate(zip(short, long, strict=False)) if a != b), len(short))
    a, b = short[start:], long[start:]
    swapped = len(a) == len(b) > 1 and a[:2] == b[1::-1] and a[2:] == b[2:]
    one_character = len(short) >= _SHORTEST and (a[1:] if len(a) == len(b) else a) == b[1:]
    differing = b[:1] if len(a) < len(b) else a[:1] + b[:1]
    if not (swapped or one_character) or any(map(str.isdigit, differing)):
        return None
    return "only in two characters that changed places" if swapped else "only in one character"
