"""The meaning of the SDK's exceptions: an answer to act upon, or a failure that passes."""

import random
from collections.abc import Awaitable, Callable
from typing import ParamSpec, TypeVar

from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.cosmos.exceptions import CosmosBatchOperationError, CosmosHttpResponseError

from shared.errors import DocumentTooLarge, StoreUnavailable
from shared.retry import retrying

P = ParamSpec("P")
T = TypeVar("T")

MISSING, CONFLICT, CHANGED, TOO_LARGE = 404, 409, 412, 413
_ANSWERS = {MISSING, CONFLICT, CHANGED}
_TRANSIENT = {408, 410, 429, 449, 500, 502, 503, 504}
_TRANSIENT_SUB_STATUS = {
    (404, 1002),  # the replica has not seen the session's last write yet
    (403, 3),  # the region lost its right to write, which another one has
    (403, 1008),  # the account is being moved
}
_MIN_PAUSE = 0.02
"""Seconds. If very many are throttled, the few milliseconds that each is told to wait end for all at once."""
LIMIT = 2 * 1024 * 1024
"""The most bytes of a document, and of a transactional batch."""


class OperationFailed(Exception):
    """A document was not as the operation expected it. `index` is the operation's place in its batch."""

    def __init__(self, status: int, index: int = 0) -> None:
        super().__init__(f"operation {index} failed with {status}")
        self.status = status
        self.index = index


class TransientFailure(Exception):
    """A failure that passes. `wait`: the seconds for which the service asks to wait; 0 if it names none."""

    def __init__(self, reason: str, wait: float = 0.0, *, session_lost: bool = False) -> None:
        super().__init__(reason)
        self.wait = wait
        self.session_lost = session_lost


class WrittenMeanwhile(Exception):
    """Another process wrote the document between our reading it and our writing it."""


async def retry_when_written_meanwhile(work: Callable[P, Awaitable[T]], *arguments: P.args, **options: P.kwargs) -> T:
    """The work's result; it starts anew if another process was faster. Raises StoreUnavailable after a minute."""
    try:
        return await retrying(WrittenMeanwhile, work, *arguments, **options)
    except WrittenMeanwhile as failure:
        raise StoreUnavailable("others were faster, again and again") from failure


def meaning_of(error: AzureError) -> Exception:
    """The exception to raise instead; the same one if no code here can act upon it."""
    if isinstance(error, CosmosHttpResponseError | CosmosBatchOperationError):
        return _meaning_of_answer(error)
    if isinstance(error, ClientAuthenticationError):
        return error
    # No answer, or half of one: whether the request was carried out is not known.
    return TransientFailure(type(error).__name__)


def _meaning_of_answer(error: CosmosHttpResponseError | CosmosBatchOperationError) -> Exception:
    status, sub_status = error.status_code or 0, error.sub_status or 0
    if status in _TRANSIENT or (status, sub_status) in _TRANSIENT_SUB_STATUS:
        wait = float((error.headers or {}).get("x-ms-retry-after-ms") or 0) / 1000
        return TransientFailure(f"status {status}.{sub_status}", wait, session_lost=status == MISSING)
    if status == TOO_LARGE:
        return DocumentTooLarge(LIMIT)
    # A container that is missing (1003) or not ready (1013) is no missing document.
    if status in _ANSWERS and (status != MISSING or sub_status == 0):
        index = error.error_index if isinstance(error, CosmosBatchOperationError) else 0
        return OperationFailed(status, index or 0)
    return error


def wait_before_another_try(error: Exception) -> bool | float:
    """Whether to try again, or how many seconds to wait first if the service says so, spread at random."""
    if not isinstance(error, TransientFailure):
        return False
    return max(error.wait, _MIN_PAUSE) * random.uniform(1, 1.5) if error.wait else True
