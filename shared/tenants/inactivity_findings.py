"""Findings about what is to happen when nobody says anything."""

from collections.abc import Iterator

from shared.routing.work_stream import Inactivity
from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding


def inactivity_findings(configuration: Configuration) -> Iterator[Finding]:
    """What an administrator cannot have meant about silence and fail-overs."""
    for path, inactivity in policies(configuration):
        if inactivity.open is not None and inactivity.open.remind_after is not None:
            detail = "nobody is reminded who waits in a queue: remove remindAfter, or set it in bot or agent"
            yield Finding(code="reminder_never_sent", path=f"{path}.inactivity.open.remindAfter", detail=detail)
    people = {queue.id for queue in configuration.queues if any(member.agent for member in queue.members)}
    for n, bot in enumerate(configuration.bots):
        if bot.fail_over is not None and bot.fail_over.queue not in people:
            detail = f"nobody but bots is in {bot.fail_over.queue}: name a queue of people"
            yield Finding(code="no_way_to_a_human", path=f"bots[{n}].failOver.queue", detail=detail)


def policies(configuration: Configuration) -> Iterator[tuple[str, Inactivity]]:
    """What is to happen in silence, by work stream and by channel, each after its path."""
    for s, stream in enumerate(configuration.work_streams):
        yield f"workStreams[{s}]", stream.inactivity
    for a, account in enumerate(configuration.accounts):
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}]", channel.inactivity
