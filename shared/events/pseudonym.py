"""Pseudonyms: what stands for a person's native ids in ids, keys, addresses, traces, logs and rows."""

import hmac
from typing import Literal

import msgspec


class Pseudonyms:
    """Makes one tenant's pseudonyms. Whoever lacks the tenant's secret cannot even test a guess."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def of(self, kind: Literal["thread", "customer", "event", "fact"], *names: str | None) -> str:
        """The HMAC-SHA-256 (hex) of these names. Two kinds never share a pseudonym."""
        return hmac.digest(self._secret, msgspec.json.encode([kind, *names]), "sha256").hex()
