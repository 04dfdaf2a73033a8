"""Guesses a body's dialect from the body alone, for the payload doctor and for refusals.

An ingress never reads by a guess.
"""

from dataclasses import dataclass
from datetime import datetime

from shared.dialects.dialect import Dialect, Ingress
from shared.dialects.foreign import Foreign, foreign_body
from shared.dialects.payload import Payload, read_payload
from shared.dialects.received import Received
from shared.dialects.registry import DIALECTS
from shared.errors import InvalidDocument, InvalidEvent, Mistake
from shared.strict_json import parse_json


@dataclass(frozen=True)
class Recognised:
    """The guess. `foreign`: what it is that no account reads; `broken`: why the body is no JSON."""

    dialect: Dialect | None
    form: str | None = None
    foreign: Foreign | None = None
    broken: str | None = None
    channel: str | None = None


def recognise(body: bytes) -> Recognised:
    """Guess the dialect of a body, its form, and the channel id that it names."""
    document, broken, received = None, None, Received(body)
    try:
        document = parse_json(body, InvalidEvent)
    except InvalidEvent as cause:
        broken = cause.detail
    # Some of these have members of an activity, too.
    if foreign := foreign_body(body, document):
        return Recognised(None, foreign=foreign, broken=broken)
    for dialect in DIALECTS:
        if found := dialect.recognise(received, document):
            return Recognised(dialect, found.form, channel=found.channel)
    return Recognised(None, broken=broken)


def read_posted(dialect: Dialect, received: Received, ingress: Ingress, now: datetime) -> Payload:
    """Read a body as `read_payload` does. A refusal of the whole body says first what else the body looks like."""
    try:
        return read_payload(dialect, received, ingress, now)
    except InvalidDocument as refused:
        if looks_like := _other_dialect(dialect, recognise(received.body)):
            raise type(refused)([Mistake("", looks_like), *refused.mistakes]) from None
        raise


def _other_dialect(dialect: Dialect, recognised: Recognised) -> str | None:
    """What was recognised, for a body that was read as another dialect; None if it was no other."""
    if recognised.foreign:
        return f"is {recognised.foreign.name}, which no account reads"
    found = recognised.dialect
    if found is None or found is dialect:
        return None
    return f"looks like {found.payload} ({found.name}), but {dialect.payload} is read here"
