"""A dialect stands alone: its room and its registration know it, and nobody else names it."""

import pytest

from shared.dialects.registry import DIALECTS, PROOF_NAMES, dialect_named
from tests.dialects.named import dialects_named, sources


def test_nothing_outside_its_room_names_a_dialect() -> None:
    # given all code that is deployed or run, when dialects are looked for that it names
    found = {path: names for path, source in sources() if (names := dialects_named(source))}
    # then there is none
    assert found == {}
    assert len(list(sources())) > 100


@pytest.mark.parametrize(
    "source",
    [
        "if account.dialect == 'telegram': pass",
        "match account.dialect:\n    case 'botFramework':\n        pass",
        "_TIME = {'cloudEvents': 'time'}",
        "Dialect = Literal['botFramework', 'telegram']",
        "from shared.dialects.telegram import read_update",
        "import shared.dialects.bot_framework.reader",
        "from shared.dialects.cloud_events.dialect import CloudEvents",
    ],
)
def test_a_dialect_that_is_named_is_noticed(source: str) -> None:
    assert dialects_named(source) != []
    assert dialects_named('"""Reads telegram updates."""\nfrom shared.dialects.registry import DIALECTS') == []


def test_dialects_differ_and_are_found_by_their_names() -> None:
    # given all dialects, then names, notes and own proofs are each of one dialect
    assert [dialect_named(dialect.name) for dialect in DIALECTS] == list(DIALECTS)
    notes = [code for dialect in DIALECTS for code in dialect.notes]
    assert len(notes) == len(set(notes))
    assert len({dialect.name for dialect in DIALECTS}) == len(DIALECTS) > 1
    # and each has its default proof by name, and refuses one that is another's
    for dialect in DIALECTS:
        assert dialect.proof(dialect.default_proof.name) == dialect.proof(None) == dialect.default_proof
        others = {proof.name for other in DIALECTS for proof in other.own_proofs} - {
            proof.name for proof in dialect.own_proofs
        }
        assert all(dialect.proof(name) is None for name in others - {"standardWebhooks"})
    assert {"standardWebhooks", "none"} <= set(PROOF_NAMES)
    with pytest.raises(ValueError, match="should be"):
        dialect_named("irc")
