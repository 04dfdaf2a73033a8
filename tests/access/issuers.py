"""Issuers of tokens with real RSA keys, and a server on loopback that publishes their metadata and keys."""

import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

BOT_CONNECTOR = "https://api.botframework.com"
APP_ID = "7d0cae1c-0000-4000-8000-000000000001"
"""The app id of contoso's bot."""
SERVICE_URL = "https://directline.botframework.com/"
ENDORSED = ("webchat", "directline")


@cache
def rsa_key(name: str, bits: int = 2048) -> rsa.RSAPrivateKey:
    """The key of this name, made once, because making one takes longer than most tests."""
    return rsa.generate_private_key(public_exponent=65537, key_size=bits)


def public_pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@dataclass
class FakeIssuer:
    """An issuer with its published documents, and the tokens that its keys sign. `keys` are their names and ids."""

    name: str = BOT_CONNECTOR
    keys: Sequence[str] = ("key-1",)
    algorithms: Sequence[str] = ("RS256",)
    endorsements: Sequence[str] = ENDORSED
    down: bool = False
    reads: list[str] = field(default_factory=list)
    """The paths that were read from the server, in order."""

    def metadata(self, base: str) -> dict[str, Any]:
        return {
            "issuer": self.name,
            "jwks_uri": f"{base}/keys",
            "id_token_signing_alg_values_supported": list(self.algorithms),
        }

    def key_set(self) -> dict[str, Any]:
        return {"keys": [self.published(name) for name in self.keys]}

    def published(self, name: str) -> dict[str, Any]:
        """A key as the key set has it."""
        document: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(rsa_key(name).public_key(), as_dict=True)
        return {**document, "kid": name, "use": "sig", "endorsements": list(self.endorsements)}

    def token(self, now: datetime, *, signed_by: str | None = None, header: Any = None, **claims: Any) -> str:
        """A valid token for contoso's bot, with some claims or header members replaced; None leaves one out."""
        usual = {
            "iss": self.name,
            "aud": APP_ID,
            "exp": int(now.timestamp()) + 600,
            "nbf": int(now.timestamp()) - 60,
            "serviceurl": SERVICE_URL,
        }
        said = {name: value for name, value in {**usual, **claims}.items() if value is not None}
        members = {"alg": "RS256", "typ": "JWT", "kid": self.keys[0], **(header or {})}
        return signed(said, {name: value for name, value in members.items() if value is not None}, signed_by)


def signed(claims: Any, header: dict[str, Any], signed_by: str | None = None) -> str:
    """A token with exactly this header, signed by the key that it names, or by another one."""
    name = signed_by or header.get("kid")
    algorithm = header.get("alg", "RS256")
    text = f"{_segment(header)}.{_segment(claims)}"
    if algorithm == "none":
        return f"{text}."
    maker = jwt.get_algorithm_by_name(algorithm if algorithm in ("RS384", "RS512", "PS256") else "RS256")
    return f"{text}.{_base64(maker.sign(text.encode(), rsa_key(name if isinstance(name, str) else 'key-1')))}"


def signed_with_text(claims: Any, header: Any, secret: bytes) -> str:
    """A token that is signed (HS256) with a text that may be public, such as a public key, as the shared key."""
    text = f"{_segment(header)}.{_segment(claims)}"
    maker = jwt.get_algorithm_by_name("HS256")
    # PyJWT refuses a public key here, as any honest signer would; its digest does not.
    return f"{text}.{_base64(maker.sign(text.encode(), secret))}"


def _segment(document: Any) -> str:
    return _base64(document if isinstance(document, bytes) else json.dumps(document).encode())


def _base64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@asynccontextmanager
async def serving(issuer: FakeIssuer) -> AsyncIterator[str]:
    """Serve the issuer's metadata and keys on a server of their own; yields the address of the metadata."""
    base = ""

    async def answer(request: web.Request) -> web.Response:
        issuer.reads.append(request.path)
        if issuer.down:
            return web.Response(status=503)
        return web.json_response(issuer.key_set() if request.path == "/keys" else issuer.metadata(base))

    app = web.Application()
    app.add_routes([web.get("/keys", answer), web.get("/.well-known/openid-configuration", answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    base = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield f"{base}/.well-known/openid-configuration"
    finally:
        await runner.cleanup()
