"""Requests that leave Patchbay, for addresses that configurations, documents and messages name: the port."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, Protocol

from shared.errors import Refused, Retryable

MOST_ANSWER_BYTES = 64 * 1024
"""Bytes that are read of an answer, unless the request says how many."""


@dataclass(frozen=True)
class OutgoingRequest:
    """A request as it is sent. `seconds`: how long it may take in all."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    address: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    seconds: float = 20.0
    most_bytes: int = MOST_ANSWER_BYTES


@dataclass(frozen=True)
class OutgoingAnswer:
    """What was answered: names of headers in lower case; `is_whole` is False where the body has more than was read."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    is_whole: bool = True


class AddressRefused(Refused):
    """Raised for an address that nothing is sent to. `reason` is for people, and repeats nothing of the address."""

    code = "address_refused"
    status = 422

    def __init__(self, reason: str) -> None:
        super().__init__(f"nothing is sent there: {reason}")
        self.reason = reason


class NotConnected(Retryable):
    """Raised if there was no connection, so nobody can have taken the request. `reason`: the failure's class."""

    code = "not_connected"
    status = 502

    def __init__(self, reason: str) -> None:
        super().__init__(f"there is no connection: {reason}")
        self.reason = reason


class NoAnswer(Retryable):
    """Raised if a connection was there, and no whole answer came: the request may have been taken, or not."""

    code = "no_answer"
    status = 504

    def __init__(self, reason: str) -> None:
        super().__init__(f"no answer came: {reason}")
        self.reason = reason


class OutgoingHttp(Protocol):
    """The port to whoever is asked over HTTP."""

    async def send(self, request: OutgoingRequest) -> OutgoingAnswer:
        """Send the request once, and return the answer, whatever its status is; a redirection is not followed.

        Raises AddressRefused, NotConnected, NoAnswer.
        """
        ...
