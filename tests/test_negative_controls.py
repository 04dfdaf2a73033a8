"""Negative controls: each hands a fault to a test of what all documents share, and sees the test fail."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from shared.wire import ExactModel
from tests import test_wire


def test_a_changed_document_keeps_what_was_computed_of_the_old_one() -> None:
    def kept(model: Any, **changes: Any) -> Any:
        return model.model_copy(update=changes)

    with pytest.raises(AssertionError, match="HELLO"):
        test_wire.test_a_changed_document_has_the_change_and_nothing_that_was_computed_of_the_old_one(kept)


def test_a_document_is_copied_with_changes_that_nobody_checks(tmp_path: Path) -> None:
    (tmp_path / "careless.py").write_text('document.model_copy(update={"stae": "open"})')
    with pytest.raises(AssertionError, match="careless"):
        test_wire.test_documents_are_changed_where_a_misspelt_member_is_noticed([tmp_path])


def test_documents_of_our_own_have_unknown_members() -> None:
    with pytest.raises(AssertionError, match="Extra items in the left set"):
        test_wire.test_only_what_others_write_may_have_unknown_members(ExactModel)


@pytest.mark.parametrize("body", [b"9" * 401, b"[" * 65 + b"]" * 65])
def test_a_body_is_read_as_the_fast_parser_alone_would_read_it(body: bytes) -> None:
    with pytest.raises(AssertionError, match="refused"):
        test_wire.check_parser(body, lambda given, _: msgspec.json.decode(given))


def test_a_body_is_read_as_pythons_own_parser_would_read_it() -> None:
    with pytest.raises(AssertionError, match="refused"):
        test_wire.check_parser(b"[NaN]", lambda given, _: json.loads(given))
