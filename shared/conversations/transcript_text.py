"""Lines of a transcript as text, for people to read."""

from typing import Literal

from shared.conversations.transcript import TranscriptEntry
from shared.events.data import Author

_INDENT = "    "


def text_of(entry: TranscriptEntry) -> str:
    """The line's time and author, then what was said, indented, so that no text can pass for another line."""
    said = (entry.text or "").splitlines()
    if entry.origin == "summary" and (reason := entry.extra.get("reason")):
        said += f"escalated: {reason}".splitlines()
    files = [f"[{' '.join(filter(None, (each.name, each.url)))}]" for each in entry.attachments]
    notes = ", ".join(
        note
        for note, holds in (
            ("private", entry.visibility == "private"),
            ("after the end", entry.late),
            ("removed", entry.removed and entry.origin != "change"),
            ("changed", entry.changes and not entry.removed),
            ("changes a line that never arrived", entry.origin == "change" and not entry.removed),
            ("removes a line that never arrived", entry.origin == "change" and entry.removed),
        )
        if holds
    )
    last = entry.changes[-1] if entry.changes else None
    before = [
        line
        for change in entry.changes
        if change.was
        for line in (
            f"until {change.time}{_by(change.by, 'removed' if entry.removed and change is last else 'changed')}:",
            *(_INDENT + said for said in change.was.splitlines()),
        )
    ]
    name = entry.author.name or entry.author.id
    first = f"{entry.time or 'at an unknown time'}  {entry.author.role} {name}{f' ({notes})' if notes else ''}"
    # A name is one line, whatever its sender put into it, and so is a file's.
    indented = [_INDENT + " ".join(line.splitlines()) for line in (*said, *files)]
    indented += [_INDENT + line for line in before]
    return "\n".join([" ".join(first.splitlines()), *indented]) + "\n"


def _by(author: Author | None, did: Literal["changed", "removed"]) -> str:
    return f", when {' '.join((author.name or author.id).splitlines())} {did} it" if author else ""
