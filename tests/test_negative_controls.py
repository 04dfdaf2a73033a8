"""Negative controls: each hands a fault to a test of what all documents share, and sees the test fail."""

from typing import Any

import pytest

from shared.wire import ExactModel
from tests import test_wire


def test_a_changed_document_keeps_what_was_computed_of_the_old_one() -> None:
    def kept(model: Any, **changes: Any) -> Any:
        return model.model_copy(update=changes)

    with pytest.raises(AssertionError, match="HELLO"):
        test_wire.test_a_changed_document_has_the_change_and_nothing_that_was_computed_of_the_old_one(kept)


def test_documents_of_our_own_have_unknown_members() -> None:
    with pytest.raises(AssertionError, match=r"shared\.conversations"):
        test_wire.test_only_what_others_write_may_have_unknown_members(ExactModel)
