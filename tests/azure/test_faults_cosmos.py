"""Whatever goes wrong between us and Cosmos, and however often: the books say what they say without it."""

from collections.abc import Iterator

import pytest
import stamina

from tests.azure.faults import KINDS, Kind
from tests.azure.under_faults import books_without_faults, recorded


@pytest.fixture
def without_waiting() -> Iterator[None]:
    """Retries come at once, three of them: what is waited for is another test's business."""
    with stamina.set_testing(True, attempts=3):
        yield


@pytest.mark.usefixtures("without_waiting")
@pytest.mark.parametrize("n", [3, 4, 5])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name.replace(" ", "-"))
async def test_the_books_are_those_without_faults(database: str, kind: Kind, n: int) -> None:
    # Given a store where every n-th request goes wrong, when a conversation is delivered there
    injected, books = await recorded(database, kind, kind.at_every(n))
    # Then everything is as if nothing ever had
    assert injected > 0
    assert books == {**await books_without_faults(), "differences": []}
