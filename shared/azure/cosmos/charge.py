"""What requests cost: each one is reported once, by the HTTP answer that it got.

The SDK's `response_hook` tells nothing of requests that failed or that the SDK repeats by itself, and its
`last_response_headers` belong to whichever call came last; the pipeline's raw hooks see every request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.metrics import REQUEST_UNITS
from shared.telemetry import Telemetry


@dataclass(frozen=True)
class Charge:
    """One request of a port's method. `status` is the HTTP status; None where no answer came, whatever it cost."""

    operation: str
    container: str
    request_units: float
    status: int | None


Charges = Callable[[Charge], None]
"""Told of each request, once."""


def unobserved(_: Charge) -> None:
    """Charges that nobody wants to know of."""


def counted_by(telemetry: Telemetry) -> Charges:
    """Charges that are counted as a metric."""

    def charged(charge: Charge) -> None:
        attributes = {"container": charge.container, "operation": charge.operation}
        telemetry.metrics.count(REQUEST_UNITS, attributes, charge.request_units)

    return charged if telemetry.is_on else unobserved


@dataclass
class Meter:
    """Reports the requests of one call of the SDK. `note_token` is told the session token of each answer."""

    operation: str
    container: str
    charges: Charges
    note_token: Callable[[str], None]
    _unanswered: int = field(default=0, init=False)

    def hooks(self) -> dict[str, Callable[[Any], None]]:
        """The options of the SDK's call that let this meter see its requests."""
        return {"raw_request_hook": self._asked, "raw_response_hook": self._answered}

    def close(self) -> None:
        """Report what was never answered."""
        for _ in range(self._unanswered):
            self.charges(Charge(self.operation, self.container, 0.0, None))
        self._unanswered = 0

    def _asked(self, request: Any) -> None:
        if _is_of_documents(request):
            self._unanswered += 1

    def _answered(self, response: Any) -> None:
        if not _is_of_documents(response):
            return
        self._unanswered -= 1
        answer = response.http_response
        units = float(answer.headers.get("x-ms-request-charge") or 0)
        self.charges(Charge(self.operation, self.container, units, answer.status_code))
        token = answer.headers.get("x-ms-session-token")
        if token:
            self.note_token(token)


def _is_of_documents(message: Any) -> bool:
    """Whether it is about documents; what the SDK asks of the account now and then is not charged to a container."""
    return "/docs" in message.http_request.url
