"""Guesses a body's dialect from the body alone, for the payload doctor. An ingress never guesses."""

from dataclasses import dataclass

from shared.dialects.dialect import Dialect
from shared.dialects.foreign import Foreign, foreign_body
from shared.dialects.received import Received
from shared.dialects.registry import DIALECTS
from shared.errors import InvalidEvent
from shared.wire import parse_json


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
