"""The controls of the proofs that need no other process: what is handed to a proof is noticed."""

import pytest

from tests.prove.controls import QUICK, Control


@pytest.mark.parametrize("control", QUICK, ids=lambda control: control.broken.replace(" ", "-"))
def test_a_proof_notices_what_is_wrong(control: Control) -> None:
    # Given something that is wrong in one thing, when it is handed to the proof, then its figure is not 0
    assert control.found() > 0
