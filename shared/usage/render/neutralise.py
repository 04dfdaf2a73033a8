"""Text for a spreadsheet's CSV import: whatever a bot is called, no cell becomes a formula, and no text is lost.

Source of the rule: OWASP, "CSV Injection". A spreadsheet may split a line at `;` or tab as well as at `,` (that depends
on its locale), and skips blanks, so more places than the field's first character can begin a cell.
"""

import re

_BREAKS = ",;\t\r\n\v\f\x1c-\x1e\x85\u2028\u2029"
"""After any of these, some spreadsheet begins a cell."""
_UNSEEN = r"\s\x00-\x20\x7f-\xa0\xad\u061c\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufeff"
"""Blanks, control and format characters, which stand before a formula without being seen."""
_QUOTE = '"'
"""Doubled in the file. A reader that splits the line there takes the pair for an empty quoted text, and drops it."""
_FORMULA = r"=+\-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\ufe6b"
"""`= + - @`, and their full-width and small forms, which some locales take for the plain ones."""
_PLACE = re.compile(rf"^(?=[\t\r\n])|(?:^|(?<=[{_BREAKS}]))(?='|[{_UNSEEN}{_QUOTE}]*[{_FORMULA}])")


def neutralised(text: str) -> str:
    """The text with an apostrophe before each formula that a spreadsheet could find in it.

    One apostrophe stands where a cell could begin (at the start, and after `,`, `;`, tab or a line break) if a formula
    or another apostrophe follows, and at the start of what begins with a tab or a line break. So the exact text comes
    back by taking one apostrophe away at the start and after each of these characters.
    """
    return _PLACE.sub("'", text)
