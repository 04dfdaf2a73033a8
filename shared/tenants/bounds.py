"""The bounds of a configuration, so that no tenant's makes the others wait. They hold for what is put, not for what is
stored already."""

from collections.abc import Iterator, Sized

from shared.errors import Mistake
from shared.routing.condition import comparisons
from shared.routing.context_variable import MAX_VARIABLES
from shared.routing.work_stream import Inactivity, Rule, WorkStream
from shared.tenants.configuration import Account, Configuration

MAX_BYTES = 256 * 1024
"""Bytes of a configuration, as it is put."""
MAX_PURCHASES = 200
"""Licences, and add-ons."""
MAX_BOTS = MAX_AGENTS = MAX_QUEUES = 500
MAX_MEMBERS = 1000
"""Members of a queue: every bot and every agent."""
MAX_WORK_STREAMS = MAX_ACCOUNTS = MAX_CHANNELS = 100
"""Work streams, accounts, and channels of an account."""
MAX_RULES = 200
"""Rules of a work stream."""
MAX_CONDITIONS = 10
"""Comparisons of a rule."""
MAX_VALUES = 1000
"""Values of an `in`."""
MAX_SECRETS = 10
"""Secrets that may stand side by side: each request is compared with all of them."""
MAX_LOCALES = 100
"""Locales of a policy's messages."""
MAX_MESSAGE = 4096
"""Characters of a reminder or goodbye: as many as a message of Telegram or WhatsApp may have."""


def bound_mistakes(configuration: Configuration) -> Iterator[Mistake]:
    """A mistake for each member that has more than is allowed."""
    yield from _too_many("licences", configuration.licences, MAX_PURCHASES)
    yield from _too_many("addOns", configuration.add_ons, MAX_PURCHASES)
    yield from _too_many("bots", configuration.bots, MAX_BOTS)
    yield from _too_many("agents", configuration.agents, MAX_AGENTS)
    yield from _too_many("queues", configuration.queues, MAX_QUEUES)
    yield from _too_many("workStreams", configuration.work_streams, MAX_WORK_STREAMS)
    yield from _too_many("accounts", configuration.accounts, MAX_ACCOUNTS)
    yield from _too_many("eventSecrets", configuration.event_secrets, MAX_SECRETS)
    for n, queue in enumerate(configuration.queues):
        yield from _too_many(f"queues[{n}].members", queue.members, MAX_MEMBERS)
    for n, stream in enumerate(configuration.work_streams):
        yield from _in_work_stream(stream, f"workStreams[{n}]")
    for n, account in enumerate(configuration.accounts):
        yield from _in_account(account, f"accounts[{n}]")


def _in_work_stream(stream: WorkStream, path: str) -> Iterator[Mistake]:
    yield from _too_many(f"{path}.contextVariables", stream.context_variables, MAX_VARIABLES)
    yield from _too_many(f"{path}.rules", stream.rules, MAX_RULES)
    for n, rule in enumerate(stream.rules):
        yield from _in_rule(rule, f"{path}.rules[{n}].when")
    yield from _in_policies(stream.inactivity, path)


def _in_rule(rule: Rule, path: str) -> Iterator[Mistake]:
    leaves = comparisons(rule.when, path)
    if len(leaves) > MAX_CONDITIONS:
        yield Mistake(path, f"has {len(leaves)} comparisons; there may be {MAX_CONDITIONS}")
    for at, leaf in leaves:
        if isinstance(leaf.value, tuple):
            yield from _too_many(f"{at}.value", leaf.value, MAX_VALUES)


def _in_account(account: Account, path: str) -> Iterator[Mistake]:
    yield from _too_many(f"{path}.bots", account.bots, MAX_BOTS)
    yield from _too_many(f"{path}.channels", account.channels, MAX_CHANNELS)
    for n, channel in enumerate(account.channels):
        yield from _too_many(f"{path}.channels[{n}].secrets", channel.secrets, MAX_SECRETS)
        yield from _in_policies(channel.inactivity, f"{path}.channels[{n}]")


def _in_policies(inactivity: Inactivity, path: str) -> Iterator[Mistake]:
    for holder, policy in inactivity.policies.items():
        yield from _too_many(f"{path}.inactivity.{holder}.messages", policy.messages, MAX_LOCALES)
        for locale, texts in policy.messages.items():
            for name, text in (("remind", texts.remind), ("close", texts.close)):
                if text is not None and len(text) > MAX_MESSAGE:
                    at = f"{path}.inactivity.{holder}.messages.{locale}.{name}"
                    yield Mistake(at, f"has {len(text)} characters; there may be {MAX_MESSAGE}")


def _too_many(path: str, items: Sized, most: int) -> Iterator[Mistake]:
    if len(items) > most:
        yield Mistake(path, f"has {len(items)} items; there may be {most}")
