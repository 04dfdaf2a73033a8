"""The dialects that accounts may speak. A dialect is registered here by one line, and named nowhere else."""

from collections.abc import Mapping

from shared.dialects.bot_framework.dialect import BotFramework
from shared.dialects.cloud_events.dialect import CloudEvents
from shared.dialects.dialect import Dialect
from shared.dialects.notes import COMMON, NoteKinds
from shared.dialects.proof import COMMON_PROOFS
from shared.dialects.telegram.dialect import Telegram
from shared.dialects.whatsapp.dialect import WhatsApp
from shared.near_miss import did_you_mean

EVENTS = CloudEvents()
"""The dialect of the route `events`, in which Patchbay's own events are written."""

DIALECTS: tuple[Dialect, ...] = (
    EVENTS,
    Telegram(),
    WhatsApp(),
    BotFramework(),
)
"""All dialects, in the order in which a body's is guessed."""

HANDSHAKE_PARAMETERS = tuple(name for dialect in DIALECTS for name in dialect.handshake_parameters)
"""The query parameters of all handshakes."""
PRESENTATION = frozenset(member for dialect in DIALECTS for member in dialect.presentation)
"""The members of a line's data that are no content in some dialect. A stored event does not tell its dialect."""
NOTE_KINDS: NoteKinds = {**COMMON, **{code: kind for one in DIALECTS for code, kind in one.notes.items()}}
"""The severity and the remedy of every code that a reader may note."""
WARNINGS = frozenset(code for code, (severity, _) in NOTE_KINDS.items() if severity == "warning")
"""The codes of notes that go with an event, so that its conversation shows them."""

_BY_NAME: Mapping[str, Dialect] = {dialect.name: dialect for dialect in DIALECTS}
PROOF_NAMES = tuple(
    dict.fromkeys(proof.name for proofs in (*(one.own_proofs for one in DIALECTS), COMMON_PROOFS) for proof in proofs)
)
"""The names of all proofs that a configuration may choose."""


def dialect_named(name: str) -> Dialect:
    """The dialect of this name. Raises ValueError, which says the names that there are."""
    if name not in _BY_NAME:
        raise ValueError(f"should be {_one_of(tuple(_BY_NAME))}{did_you_mean(name, _BY_NAME)}")
    return _BY_NAME[name]


def known_dialect(name: str) -> str:
    """The name, if it is a dialect's. Raises ValueError."""
    return dialect_named(name).name


def known_proof(name: str) -> str:
    """The name, if it is a proof's. Raises ValueError."""
    if name not in PROOF_NAMES:
        raise ValueError(f"should be {_one_of(PROOF_NAMES)}{did_you_mean(name, PROOF_NAMES)}")
    return name


def _one_of(names: tuple[str, ...]) -> str:
    """`'a', 'b' or 'c'`, as Pydantic writes it."""
    *others, last = map(repr, names)
    return f"{', '.join(others)} or {last}"
