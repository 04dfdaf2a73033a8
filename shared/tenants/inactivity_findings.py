"""Findings about what is to happen when nobody says anything."""

from collections.abc import Iterator

from shared.routing.work_stream import Inactivity, InactivityPolicy
from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding


def inactivity_findings(configuration: Configuration) -> Iterator[Finding]:
    """What an administrator cannot have meant about silence and fail-overs."""
    for path, inactivity in policies(configuration):
        if inactivity.open is not None and inactivity.open.remind_after is not None:
            detail = "nobody is reminded who waits in a queue: remove remindAfter, or set it in bot or agent"
            yield Finding(code="reminder_never_sent", path=f"{path}.inactivity.open.remindAfter", detail=detail)
        for holder, policy in inactivity.policies.items():
            if holder != "open" and _lacks_reminder(policy, configuration.fallback_locale):
                detail = f"has no text remind in {configuration.fallback_locale}: whoever speaks another language than"
                detail += " those here is not reminded before the end"
                place = f"{path}.inactivity.{holder}.messages"
                yield Finding(code="reminder_never_sent", path=place, detail=detail)
    people = {queue.id for queue in configuration.queues if any(member.agent for member in queue.members)}
    for n, bot in enumerate(configuration.bots):
        if bot.fail_over is not None and bot.fail_over.queue not in people:
            detail = f"nobody but bots is in {bot.fail_over.queue}: name a queue of people"
            yield Finding(code="no_way_to_a_human", path=f"bots[{n}].failOver.queue", detail=detail)


def _lacks_reminder(policy: InactivityPolicy, locale: str) -> bool:
    texts = next((texts for known, texts in policy.messages.items() if known.casefold() == locale.casefold()), None)
    return policy.remind_after is not None and not (texts and texts.remind)


def policies(configuration: Configuration) -> Iterator[tuple[str, Inactivity]]:
    """What is to happen in silence, by work stream and by channel, each after its path."""
    for s, stream in enumerate(configuration.work_streams):
        yield f"workStreams[{s}]", stream.inactivity
    for a, account in enumerate(configuration.accounts):
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}]", channel.inactivity
