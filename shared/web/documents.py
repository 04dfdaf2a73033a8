"""Documents on the web, over HTTPS; over plain HTTP from this machine only."""

from urllib.parse import urlsplit

from shared.access.issuer import DocumentUnavailable
from shared.errors import PatchbayError
from shared.outgoing import OutgoingRequest
from shared.web.guarded import GuardedHttp

_SECONDS = 5.0
"""In which a document must be read."""
_MOST_BYTES = 1024 * 1024


class HttpDocuments:
    """Implements `WebDocuments`. A document is read once a day, so no connection is kept."""

    async def read(self, address: str) -> bytes:
        try:
            async with GuardedHttp(loopback=True) as http:
                # A redirection is not followed: it could lead to an attacker's keys.
                answer = await http.send(OutgoingRequest("GET", address, seconds=_SECONDS, most_bytes=_MOST_BYTES))
        except PatchbayError as failure:
            raise DocumentUnavailable(f"{address!r} cannot be read: {failure.detail}") from failure
        host = urlsplit(address).hostname
        if answer.status != 200:
            raise DocumentUnavailable(f"{host} answers {answer.status}")
        if not answer.is_whole:
            raise DocumentUnavailable(f"{host} answers more than {_MOST_BYTES} bytes")
        return answer.body
