"""The charges of requests: each request is reported once, when its HTTP answer comes.

The SDK's `response_hook` does not see requests that failed or that the SDK repeats by itself, and its
`last_response_headers` belong to the latest call of any; the pipeline's raw hooks see every request.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from shared.metrics import REQUEST_UNITS
from shared.telemetry import Telemetry


@dataclass(frozen=True)
class Charge:
    """A request of a port's method. `status` is the HTTP status; None if no answer came, so the cost is unknown."""

    operation: str
    container: str
    request_units: float
    status: int | None


Charges = Callable[[Charge], None]
"""Called once with the charge of each request."""


def unobserved(_: Charge) -> None:
    """Ignores the charge."""


def counted_by(telemetry: Telemetry) -> Charges:
    """A function that adds charges to a metric; `unobserved` where telemetry is off."""

    def charged(charge: Charge) -> None:
        attributes = {"container": charge.container, "operation": charge.operation}
        telemetry.metrics.count(REQUEST_UNITS, attributes, charge.request_units)

    return charged if telemetry.is_on else unobserved


@dataclass
class Meter:
    """Reports the requests of one call of the SDK. `note_token` is called with the session token of each answer."""

    operation: str
    container: str
    charges: Charges
    note_token: Callable[[str], None]
    _unanswered: int = field(default=0, init=False)

    def hooks(self) -> dict[str, Callable[[Any], None]]:
        """The options for the SDK's call with which this meter sees its requests."""
        return {"raw_request_hook": self._count_request, "raw_response_hook": self._report_answer}

    def close(self) -> None:
        """Report the requests that got no answer."""
        for _ in range(self._unanswered):
            self.charges(Charge(self.operation, self.container, 0.0, None))
        self._unanswered = 0

    def _count_request(self, request: Any) -> None:
        if _is_of_documents(request):
            self._unanswered += 1

    def _report_answer(self, response: Any) -> None:
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
    """True if it is about documents; the SDK's own requests about the account are charged to no container."""
    return "/docs" in message.http_request.url
