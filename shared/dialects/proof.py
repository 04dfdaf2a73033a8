"""How a channel proves itself: each proof has a name, by which a configuration chooses it, and says what it checks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.dialects.received import Received
from shared.dialects.signatures import secret_fault, verify_signature


@dataclass(frozen=True)
class SecretProof:
    """A proof by a secret that sender and tenant share; several are set while one is being replaced.

    `verify(received, secrets, now)` passes if one of the secrets proves the request. Raises Unauthorized, and
    AuthenticationUnavailable if no secret is usable. `fault` says why a secret is not usable, without the secret.
    """

    name: str
    verify: Callable[[Received, Sequence[str], datetime], None]
    fault: Callable[[str], str | None] = lambda _: None


@dataclass(frozen=True)
class TokenProof:
    """A proof by a token that the Bot Connector issued for a bot of the account.

    `check(received, claims, endorsements)` passes if the verified token is for this very request. Raises Unauthorized,
    and InvalidActivity if an authentic body is no JSON.
    """

    name: str
    check: Callable[[Received, Mapping[str, Any], frozenset[str]], None]


@dataclass(frozen=True)
class NoProof:
    """Nothing is proven: everybody is let in."""

    name: str


Proof = SecretProof | TokenProof | NoProof

STANDARD_WEBHOOKS = SecretProof(
    "standardWebhooks",
    lambda received, secrets, now: verify_signature(received.headers, received.body, secrets, now),
    secret_fault,
)
OPEN = NoProof("none")
COMMON_PROOFS: tuple[Proof, ...] = (STANDARD_WEBHOOKS, OPEN)
"""The proofs that channels of every dialect may choose."""
