"""An issuer of tokens: its metadata and keys are read from the web, and kept by this process for a day."""

import asyncio
import logging
from datetime import datetime, timedelta
from typing import Protocol

from shared.access.token import Issuer, SigningKey, read_keys, read_metadata
from shared.clock import Clock, is_recent
from shared.errors import AuthenticationUnavailable, Unauthorized

KEPT = timedelta(hours=24)
"""How long metadata and keys are used. For this long a revoked key may still be trusted."""
UNKNOWN_KEY_EVERY = timedelta(minutes=1)
"""How often an unknown key id lets us read the keys again: issuers change keys, but a caller may invent an id."""
FAILURE_EVERY = timedelta(seconds=10)
"""How soon we ask an issuer again that did not answer. Until then its tokens are refused at once."""

_log = logging.getLogger(__name__)


class DocumentUnavailable(Exception):
    """Raised when a document on the web cannot be read. The message is the reason."""


class WebDocuments(Protocol):
    """The port to documents on the web."""

    async def read(self, address: str) -> bytes:
        """The bytes of the document at an address. Raises DocumentUnavailable."""
        ...


class TrustedIssuer:
    """The issuer whose OpenID metadata is at the given address."""

    def __init__(self, address: str, documents: WebDocuments, clock: Clock) -> None:
        self._address = address
        self._documents = documents
        self._clock = clock
        self._issuer: Issuer | None = None
        self._read_at: datetime | None = None
        self._failed_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def key(self, key_id: str) -> tuple[Issuer, SigningKey]:
        """The issuer, and its key of this id.

        Raises Unauthorized if it has no such key, and AuthenticationUnavailable if it does not answer.
        """
        issuer = self._issuer
        kept = KEPT if issuer is not None and key_id in issuer.keys else UNKNOWN_KEY_EVERY
        if issuer is None or self._older_than(kept):
            issuer = await self._newer_than(issuer)
        if key_id not in issuer.keys:
            raise Unauthorized("key_unknown")
        return issuer, issuer.keys[key_id]

    def _older_than(self, age: timedelta) -> bool:
        return not is_recent(self._read_at, self._clock.now(), age)

    async def _newer_than(self, seen: Issuer | None) -> Issuer:
        """The issuer as read after `seen`. If several callers wait, one of them reads for all."""
        async with self._reading:
            if self._issuer is not None and self._issuer is not seen:
                return self._issuer
            now = self._clock.now()
            if is_recent(self._failed_at, now, FAILURE_EVERY):
                raise AuthenticationUnavailable
            try:
                name, algorithms, address = read_metadata(await self._documents.read(self._address))
                keys = read_keys(await self._documents.read(address))
            except (DocumentUnavailable, ValueError) as failure:
                self._failed_at = now
                _log.warning("cannot read the keys of %s: %s", self._address, failure)
                raise AuthenticationUnavailable from failure
            self._issuer, self._read_at, self._failed_at = Issuer(name, algorithms, keys), now, None
            return self._issuer
