"""Lines of a transcript as text, for people to read."""

from shared.conversations.transcript import TranscriptEntry

_INDENT = "    "


def text_of(entry: TranscriptEntry) -> str:
    """The line's time and author, then what was said, indented, so that no text can pass for another line."""
    said = (entry.text or "").splitlines()
    files = [f"[{' '.join(filter(None, (each.name, each.url)))}]" for each in entry.attachments]
    notes = ", ".join(
        note for note, holds in (("private", entry.visibility == "private"), ("after the end", entry.late)) if holds
    )
    name = entry.author.name or entry.author.id
    first = f"{entry.time or 'at an unknown time'}  {entry.author.role} {name}{f' ({notes})' if notes else ''}"
    # A name is one line, whatever its sender put into it, and so is a file's.
    indented = [_INDENT + " ".join(line.splitlines()) for line in (*said, *files)]
    return "\n".join([" ".join(first.splitlines()), *indented]) + "\n"
