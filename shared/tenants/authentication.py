"""Checks how a configuration's channels prove themselves: mistakes, and channels that are open or closed to all."""

from collections.abc import Iterator

from shared.errors import Mistake
from shared.tenants.configuration import Account, Channel, Configuration

_OF_DIALECT = {"botFramework": "botFramework", "telegram": "telegram"}
"""Proofs that only the senders of one dialect can give, with that dialect."""
_WITH_SECRET = ("telegram", "standardWebhooks")


def authentication_mistakes(configuration: Configuration) -> Iterator[Mistake]:
    """Proofs that the dialect does not have, secrets that would not be read, and named bots without an app id."""
    for path, account, channel in _channels(configuration):
        proof = account.proof_of(channel)
        if _OF_DIALECT.get(proof, account.dialect) != account.dialect:
            yield Mistake(f"{path}.authentication", f"{proof!r} is no proof that a {account.dialect} channel has")
        if channel.secret and channel.secrets:
            yield Mistake(f"{path}.secrets", "stands beside secret: name all secrets here, the new one first")
        elif channel.secret_references and proof not in _WITH_SECRET:
            member = "secret" if channel.secret else "secrets"
            yield Mistake(f"{path}.{member}", f"is not read where authentication is {proof!r}")
    app_ids = {bot.id: bot.app_id for bot in configuration.bots}
    for a, account in enumerate(configuration.accounts):
        for n, name in enumerate(account.bots):
            if name in app_ids and not app_ids[name]:
                yield Mistake(f"accounts[{a}].bots[{n}]", f"bot {name!r} has no appId for tokens to be issued for")


def open_channels(configuration: Configuration) -> Iterator[str]:
    """The paths of channels whose configuration lets everybody in."""
    for path, account, channel in _channels(configuration):
        if account.proof_of(channel) == "none":
            yield path


def closed_channels(configuration: Configuration) -> Iterator[tuple[str, str]]:
    """The path of each channel that lets nobody in outside the local host, and what is missing for its proof."""
    for path, account, channel in _channels(configuration):
        match account.proof_of(channel):
            case "botFramework":
                if not configuration.app_ids(account):
                    yield path, "the appId of a bot"
            case "telegram" | "standardWebhooks":
                if not channel.secret_references:
                    yield path, "its secret"


def _channels(configuration: Configuration) -> Iterator[tuple[str, Account, Channel]]:
    for a, account in enumerate(configuration.accounts):
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}]", account, channel
