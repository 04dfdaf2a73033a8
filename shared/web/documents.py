"""Documents on the web, over HTTPS; over plain HTTP from this machine only. The only importer of aiohttp."""

from urllib.parse import urlsplit

from shared.access.issuer import DocumentUnavailable

_TIMEOUT = 5.0
"""Seconds in which a document must be read."""
_MAX_BYTES = 1024 * 1024
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


class HttpDocuments:
    """Implements `WebDocuments`. A document is read once a day, so no connection is kept."""

    async def read(self, address: str) -> bytes:
        import aiohttp  # noqa: PLC0415  # it takes longer to load than all else that a process needs at its start

        try:
            parts = urlsplit(address)
            if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in _LOOPBACK):
                raise DocumentUnavailable(f"{address!r} is no HTTPS address")
            async with (
                aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_TIMEOUT)) as session,
                # A redirect could lead to an attacker's keys.
                session.get(address, allow_redirects=False) as answer,
            ):
                if answer.status != 200:
                    raise DocumentUnavailable(f"{parts.hostname} answers {answer.status}")
                body = b""
                async for chunk in answer.content.iter_any():
                    body += chunk
                    if len(body) > _MAX_BYTES:
                        raise DocumentUnavailable(f"{parts.hostname} answers more than {_MAX_BYTES} bytes")
                return body
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as cause:
            raise DocumentUnavailable(f"{address!r} cannot be read: {type(cause).__name__}") from cause
