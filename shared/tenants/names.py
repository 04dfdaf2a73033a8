"""Names that differ only in upper and lower case: each is one of its own, which hardly anybody means."""

from collections.abc import Iterator, Sequence

from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding


def names_in_two_cases(configuration: Configuration) -> Iterator[Finding]:
    """A finding for each name that another one of its kind has in another case."""
    for names in _names(configuration):
        first: dict[str, str] = {}
        for path, name in names:
            other = first.setdefault(name.casefold(), name)
            if other != name:
                detail = f"{name!r} differs from {other!r} only in upper and lower case, and is another one: rename it"
                yield Finding(code="names_differ_in_case", path=path, detail=detail)


def _names(configuration: Configuration) -> Iterator[Sequence[tuple[str, str]]]:
    """The names of each kind that must be told apart, with their paths."""
    bots = [(f"bots[{n}].id", bot.id) for n, bot in enumerate(configuration.bots)]
    yield [*bots, *((f"agents[{n}].id", agent.id) for n, agent in enumerate(configuration.agents))]
    yield [(f"queues[{n}].id", queue.id) for n, queue in enumerate(configuration.queues)]
    yield [(f"workStreams[{n}].id", stream.id) for n, stream in enumerate(configuration.work_streams)]
    for s, stream in enumerate(configuration.work_streams):
        path = f"workStreams[{s}]"
        yield [(f"{path}.contextVariables[{n}].name", one.name) for n, one in enumerate(stream.context_variables)]
        yield [(f"{path}.rules[{n}].name", rule.name) for n, rule in enumerate(stream.rules)]
    yield [(f"accounts[{n}].id", account.id) for n, account in enumerate(configuration.accounts)]
    for a, account in enumerate(configuration.accounts):
        yield [(f"accounts[{a}].channels[{n}].id", channel.id) for n, channel in enumerate(account.channels)]
