"""Checks how a configuration's channels prove themselves: mistakes, and channels that are open or closed to all."""

from collections.abc import Iterator

from shared.dialects.proof import COMMON_PROOFS, NoProof, SecretProof, TokenProof
from shared.dialects.registry import dialect_named
from shared.errors import Mistake
from shared.near_miss import did_you_mean
from shared.tenants.configuration import Account, Channel, Configuration
from shared.tenants.secret_names import may_name


def authentication_mistakes(configuration: Configuration) -> Iterator[Mistake]:
    """Proofs that the dialect does not have, members that it would not read, and named bots without an app id."""
    for path, account, channel in _channels(configuration):
        dialect = dialect_named(account.dialect)
        proof = dialect.proof(channel.authentication)
        if proof is None:
            names = [one.name for one in (dialect.default_proof, *dialect.own_proofs, *COMMON_PROOFS)]
            hint = did_you_mean(str(channel.authentication), names)
            reason = f"{channel.authentication!r} is no proof that a {account.dialect} channel has{hint}"
            yield Mistake(f"{path}.authentication", reason)
        if channel.secret and channel.secrets:
            yield Mistake(f"{path}.secrets", "stands beside secret: name all secrets here, the new one first")
        elif channel.secret_references and proof is not None and not isinstance(proof, SecretProof):
            member = "secret" if channel.secret else "secrets"
            yield Mistake(f"{path}.{member}", f"is not read where authentication is {proof.name!r}")
        given = {"nativeId": channel.native_id, "handshakeSecret": channel.handshake_secret}
        for name, value in given.items():
            if value is not None and name not in dialect.channel_members:
                yield Mistake(f"{path}.{name}", f"is not read where dialect is {account.dialect!r}")
    app_ids = {bot.id: bot.app_id for bot in configuration.bots}
    for a, account in enumerate(configuration.accounts):
        for n, name in enumerate(account.bots):
            if name in app_ids and not app_ids[name]:
                yield Mistake(f"accounts[{a}].bots[{n}]", f"bot {name!r} has no appId for tokens to be issued for")


def open_channels(configuration: Configuration) -> Iterator[str]:
    """The paths of channels whose configuration lets everybody in."""
    for path, account, channel in _channels(configuration):
        if isinstance(account.proof_of(channel), NoProof):
            yield path


def closed_channels(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The path of each channel that lets nobody in outside the local host, and what is missing for its proof."""
    for path, account, channel in _channels(configuration):
        match account.proof_of(channel):
            case TokenProof():
                if not configuration.app_ids(account):
                    yield path, "the appId of a bot"
            case SecretProof():
                if not channel.secret_references:
                    yield path, "its secret"


def secrets_of_others(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The path of each reference to a secret that is not one of the tenant's own by its name, and the reference."""
    named = [(f"eventSecrets[{n}]", one) for n, one in enumerate(configuration.event_secrets)]
    for path, _, channel in _channels(configuration):
        given = {"secret": channel.secret, "handshakeSecret": channel.handshake_secret}
        named += [(f"{path}.{member}", one) for member, one in given.items() if one is not None]
        named += [(f"{path}.secrets[{n}]", one) for n, one in enumerate(channel.secrets)]
    return ((path, one) for path, one in named if not may_name(configuration.tenant_id, one))


def unregistrable_channels(configuration: Configuration) -> Iterator[str]:
    """The paths of channels whose vendor registers no address without a handshake that has a secret."""
    for path, account, channel in _channels(configuration):
        if "handshakeSecret" in dialect_named(account.dialect).channel_members and channel.handshake_secret is None:
            yield path


def receiving_accounts(configuration: Configuration) -> Iterator[tuple[str, Account]]:
    """The path of each account in whose dialect nothing can be sent, and the account."""
    for a, account in enumerate(configuration.accounts):
        if "cannotSend" in dialect_named(account.dialect).capabilities:
            yield f"accounts[{a}]", account


def _channels(configuration: Configuration) -> Iterator[tuple[str, Account, Channel]]:
    for a, account in enumerate(configuration.accounts):
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}]", account, channel
