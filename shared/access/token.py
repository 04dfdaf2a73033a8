"""Signed tokens (JSON Web Tokens): reads an issuer's metadata and keys, and verifies its tokens.

Pure: keys and the time are arguments. The issuers are the Bot Connector and Microsoft Entra ID, both of which sign with
RSA; `none` and shared keys (HS256 ...) are no algorithms here, whatever a token or an issuer's metadata says.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeGuard

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.algorithms import RSAAlgorithm

from shared.errors import Unauthorized

ALGORITHMS = frozenset({"RS256", "RS384", "RS512"})
SKEW = timedelta(minutes=5)
"""How far an issuer's clock and ours may be apart (Bot Connector authentication; Entra ID's libraries)."""

_LONGEST = 16 * 1024
"""Characters of a token; the hosts take no longer header."""
_SHORTEST_KEY = 2048
"""Bits of an RSA key (NIST SP 800-131A)."""
_LATEST = 10**11
"""Seconds since 1970. No token has a later time; infinity and NaN are refused by this limit, too."""
_OUR_OWN_CHECKS: Any = {
    # PyJWT reads the machine's clock, where ours may be another one, and compares audiences with regard to case.
    **{f"verify_{claim}": False for claim in ("exp", "nbf", "iat", "aud", "iss")},
    "enforce_minimum_key_length": True,
}


@dataclass(frozen=True)
class SigningKey:
    """A key that an issuer signs with. `algorithm`: the only one allowed for this key, if the key names one.

    `endorsements`: the channels for which the Bot Connector vouches with this key.
    """

    public: RSAPublicKey
    algorithm: str | None
    endorsements: frozenset[str]


@dataclass(frozen=True)
class Issuer:
    """An issuer by its OpenID metadata: its name (`iss`), those of its algorithms that we accept, its keys by id."""

    name: str
    algorithms: frozenset[str]
    keys: Mapping[str, SigningKey]


def read_metadata(body: bytes) -> tuple[str, frozenset[str], str]:
    """Name, accepted algorithms and address of the keys, from an OpenID discovery document. Raises ValueError."""
    document = _object(body)
    name, address = document.get("issuer"), document.get("jwks_uri")
    algorithms = document.get("id_token_signing_alg_values_supported")
    if not isinstance(name, str) or not isinstance(address, str) or not isinstance(algorithms, list):
        raise ValueError("lacks issuer, jwks_uri or id_token_signing_alg_values_supported")
    return name, ALGORITHMS.intersection(item for item in algorithms if isinstance(item, str)), address


def read_keys(body: bytes) -> dict[str, SigningKey]:
    """The usable keys of a JSON Web Key Set (RFC 7517) by their ids. Raises ValueError if there is none."""
    listed = _object(body).get("keys")
    keys = {
        item["kid"]: key
        for item in (listed if isinstance(listed, list) else [])
        if isinstance(item, dict) and isinstance(item.get("kid"), str) and (key := _key(item)) is not None
    }
    if not keys:
        raise ValueError("has no usable key")
    return keys


def bearer_token(headers: Mapping[str, str]) -> str | None:
    """The token of an `Authorization` header (RFC 6750); names of headers are lower-case."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def key_id_of(token: str) -> str:
    """The id of the key that the token's header names. Raises Unauthorized."""
    if len(token) > _LONGEST:
        raise Unauthorized("token_malformed")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as cause:
        raise Unauthorized("token_malformed") from cause
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in ALGORITHMS:
        raise Unauthorized("algorithm_not_allowed")
    key_id = header.get("kid")
    if not isinstance(key_id, str):
        raise Unauthorized("key_unknown")
    return key_id


def verified_claims(
    token: str, key: SigningKey, issuer: Issuer, audiences: Collection[str], now: datetime
) -> Mapping[str, Any]:
    """The claims of a token that the issuer signed with this key, for one of the audiences, and that is valid now.

    Audiences are compared without regard to case. Raises Unauthorized.
    """
    allowed = issuer.algorithms if key.algorithm is None else issuer.algorithms & {key.algorithm}
    try:
        claims = jwt.decode(token, key.public, algorithms=sorted(allowed), options=_OUR_OWN_CHECKS)
    except jwt.InvalidSignatureError as cause:
        raise Unauthorized("signature_wrong") from cause
    except jwt.InvalidAlgorithmError as cause:
        raise Unauthorized("algorithm_not_allowed") from cause
    except (jwt.PyJWTError, ValueError, RecursionError) as cause:
        # An empty list of algorithms is a DecodeError as well.
        raise Unauthorized("token_malformed" if allowed else "algorithm_not_allowed") from cause
    if claims.get("iss") != issuer.name:
        raise Unauthorized("issuer_wrong")
    named = claims.get("aud")
    listed = named if isinstance(named, list) else [named]
    if not {text.casefold() for text in listed if isinstance(text, str)} & {text.casefold() for text in audiences}:
        raise Unauthorized("audience_wrong")
    _refuse_other_times(claims, now)
    return claims


def _refuse_other_times(claims: Mapping[str, Any], now: datetime) -> None:
    skew, seconds = SKEW.total_seconds(), now.timestamp()
    expires, begins = claims.get("exp"), claims.get("nbf", 0)
    if not _is_moment(expires) or expires + skew <= seconds:
        raise Unauthorized("token_expired")
    if not _is_moment(begins) or begins - skew > seconds:
        raise Unauthorized("token_not_yet_valid")


def _is_moment(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= _LATEST


def _key(item: Mapping[str, Any]) -> SigningKey | None:
    """The key; None if signatures cannot be verified with it."""
    algorithm, endorsements = item.get("alg"), item.get("endorsements")
    if item.get("kty") != "RSA" or item.get("use", "sig") != "sig" or algorithm not in (None, *ALGORITHMS):
        return None
    try:
        public = RSAAlgorithm.from_jwk(dict(item))
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if not isinstance(public, RSAPublicKey) or public.key_size < _SHORTEST_KEY:
        return None
    channels = endorsements if isinstance(endorsements, list) else []
    return SigningKey(public, algorithm, frozenset(text for text in channels if isinstance(text, str)))


def _object(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except RecursionError as cause:
        raise ValueError("is nested too deeply") from cause
    if not isinstance(document, dict):
        raise ValueError("is no JSON object")  # the input is wrong, not the type of an argument of ours
    return document
