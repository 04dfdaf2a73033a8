"""What dialects share that take a body of JSON apart."""

import codecs
from collections.abc import Sized

from shared.dialects.notes import Note, common_note
from shared.errors import InvalidActivity, InvalidDocument, Mistake

MAX_PAYLOADS = 1000
"""Payloads in one set. Each of them is resolved to its conversation before the answer."""


def skipped_mark(body: bytes) -> list[Note]:
    """A note if the body begins with a byte order mark, which is skipped; else none."""
    reason = "the body begins with a byte order mark, which is skipped"
    return [common_note("byte_order_mark", "", reason)] if body.startswith(codecs.BOM_UTF8) else []


def refuse_many(
    payloads: Sized,
    path: str,
    what: str,
    error: type[InvalidDocument] = InvalidActivity,
    most: int = MAX_PAYLOADS,
) -> None:
    """Raise `error` if a set has more payloads than one body may have. `what`: their name for people."""
    if len(payloads) > most:
        raise error([Mistake(path, f"has {len(payloads)} {what}; one body may have {most}")])
