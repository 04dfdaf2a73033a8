"""Text for a spreadsheet's CSV import: whatever a bot is called, no cell becomes a formula, and no text is lost.

Source of the rule: OWASP, "CSV Injection". A spreadsheet may split a line at `;` or tab as well as at `,` (that depends
on its locale), and skips blanks, so more places than the field's first character can begin a cell.
"""

import re

_BREAKS = ",;\t\r\n\v\f\x1c\x1d\x1e\x85\u2028\u2029"
"""After any of these, some spreadsheet begins a cell."""
_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""`= + - @`, and their full-width and small forms, which some locales take for the plain ones."""
_QUOTE = '"'
"""Doubled in the file. A reader that splits the line there takes the pair for an empty quoted text, and drops it."""
_UNSEEN = frozenset(
    map(chr, (*range(0x21), *range(0x7F, 0xA1), 0xAD, 0x61C, *range(0x200B, 0x2010), *range(0x2028, 0x2030)))
) | frozenset(map(chr, (*range(0x2060, 0x2070), 0xFEFF)))
"""Control and format characters. As all blanks do, they stand before a formula without being seen."""
_SUSPECT = re.compile(rf"[{_BREAKS}]|^[^0-9A-Za-z]")
"""Found in every text that anything is put into, and in few others."""


def neutralised(text: str) -> str:
    """The text with an apostrophe before each formula that a spreadsheet could find in it.

    One apostrophe stands where a cell could begin (at the start, and after `,`, `;`, tab or a line break) if a formula
    or another apostrophe follows, and at the start of what begins with a tab or a line break. So the exact text comes
    back by taking one apostrophe away at the start and after each of these characters.
    """
    if not _SUSPECT.search(text):
        return text
    # From the end, so that each character is looked at once, however many blanks stand before a formula or none.
    backwards: list[str] = []
    is_formula = False
    for number in range(len(text) - 1, -1, -1):
        one = text[number]
        is_formula = one in _FORMULA or (is_formula and (one in _UNSEEN or one == _QUOTE or one.isspace()))
        backwards.append(one)
        begins = number == 0 or text[number - 1] in _BREAKS
        if begins and (is_formula or one == "'" or (number == 0 and one in "\t\r\n")):
            backwards.append("'")
    return "".join(reversed(backwards))
