"""The linter: looks for findings in a valid configuration."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Self

from shared.routing.condition import comparisons
from shared.routing.context_variable import VariableType
from shared.routing.work_stream import Queue, Rule, WorkStream
from shared.tenants.authentication import (
    closed_channels,
    open_channels,
    receiving_accounts,
    secrets_of_others,
    unregistrable_channels,
)
from shared.tenants.configuration import Configuration
from shared.tenants.finding import Finding
from shared.tenants.inactivity_findings import inactivity_findings
from shared.tenants.locale_findings import locale_findings
from shared.tenants.names import names_in_two_cases
from shared.tenants.reachability import ConditionAnalyzer
from shared.tenants.secret_names import own_prefix
from shared.tenants.value_findings import mixed_types, near_values

MAX_RULES = 100
"""Dynamics 365 runs only the first 100 rules of a work stream (routing rules, 2021); here all of them run."""
MOST_FINDINGS = 200
"""The findings that one answer names."""


def lint(configuration: Configuration) -> list[Finding]:
    """The findings in a configuration that `decode_configuration` accepted; the last says so if there are more."""
    findings = list(islice(_findings(configuration), MOST_FINDINGS + 1))
    if len(findings) <= MOST_FINDINGS:
        return findings
    detail = f"there are more findings; these are the first {MOST_FINDINGS}"
    return [*findings[:MOST_FINDINGS], Finding(code="more_findings", path="", detail=detail)]


def _findings(configuration: Configuration) -> Iterator[Finding]:
    members = {queue.id: _Members.of(queue) for queue in configuration.queues}
    analyzer = ConditionAnalyzer()
    yield from names_in_two_cases(configuration)
    yield from _in_queues(configuration)
    yield from _in_channels(configuration)
    yield from inactivity_findings(configuration)
    yield from locale_findings(configuration)
    for s, stream in enumerate(configuration.work_streams):
        path = f"workStreams[{s}]"
        yield from _in_work_stream(stream, members, path)
        yield from _in_rules(stream, members, analyzer, path)
        yield from near_values(stream, path)


@dataclass(frozen=True)
class _Members:
    """The bots in a queue, and whether nobody else is in it."""

    bots: frozenset[str]
    only_bots: bool

    @classmethod
    def of(cls, queue: Queue) -> Self:
        bots = frozenset(member.bot for member in queue.members if member.bot)
        return cls(bots, only_bots=bool(bots) and all(member.bot for member in queue.members))


def _in_queues(configuration: Configuration) -> Iterator[Finding]:
    led_to = {name: stream.id for stream in configuration.work_streams for name in _leads_to(stream)}
    for q, queue in enumerate(configuration.queues):
        if not queue.members and queue.id in led_to:
            detail = f"work stream {led_to[queue.id]} leads to {queue.id}, where nobody is: add a member"
            yield Finding(code="empty_queue", path=f"queues[{q}].members", detail=detail)
        humans = [member for member in queue.members if member.agent]
        human = max(humans, key=lambda member: member.capacity, default=None)
        for m, member in enumerate(queue.members):
            if member.bot and human and member.capacity <= human.capacity:
                detail = (
                    f"agent {human.agent} has a capacity of {human.capacity} in {queue.id}, so bot {member.bot} with "
                    f"{member.capacity} takes no conversation there: give the bot the highest capacity"
                )
                yield Finding(code="bot_not_first", path=f"queues[{q}].members[{m}].capacity", detail=detail)


def _in_channels(configuration: Configuration) -> Iterator[Finding]:
    for path in open_channels(configuration):
        detail = "whoever knows the address may post here: give the sender a proof, unless everybody is meant"
        yield Finding(code="channel_open", path=f"{path}.authentication", detail=detail)
    for path, missing in closed_channels(configuration):
        detail = (
            f"outside the local host nobody is let in here, because {missing} is not configured: add it, or say "
            "authentication: none"
        )
        yield Finding(code="channel_closed", path=path, detail=detail)
    for path, reference in secrets_of_others(configuration):
        detail = (
            f"{reference} is read only if the operator grants this tenant such names (PATCHBAY_SECRET_PREFIXES): call "
            f"the setting {own_prefix(configuration.tenant_id)} and a word"
        )
        yield Finding(code="secret_of_others", path=path, detail=detail)
    for path in unregistrable_channels(configuration):
        detail = "the vendor cannot register this webhook, because its handshake is refused: add handshakeSecret"
        yield Finding(code="handshake_closed", path=path, detail=detail)
    for path, account in receiving_accounts(configuration):
        detail = (
            f"nothing can be sent in the dialect {account.dialect}: answer the customers of {account.id} by the "
            "vendor's own interface, and post what was said to the route events"
        )
        yield Finding(code="cannot_send", path=f"{path}.dialect", detail=detail)


def _in_work_stream(stream: WorkStream, queues: Mapping[str, _Members], path: str) -> Iterator[Finding]:
    with_bots = [name for name in _leads_to(stream) if queues[name].bots]
    if with_bots and not stream.takes_escalations:
        detail = (
            f"there are bots in {', '.join(with_bots)}, and in a pick work stream a bot's escalation has no effect: "
            "make it push, or lead to queues without bots"
        )
        yield Finding(code="escalation_from_pick", path=f"{path}.mode", detail=detail)
    if queues[stream.fallback_queue].only_bots:
        detail = (
            f"{stream.fallback_queue} has only bots, so a conversation that they escalate and no rule takes waits "
            "there for ever: add an agent, or name a queue that has one"
        )
        yield Finding(code="no_way_to_a_human", path=f"{path}.fallbackQueue", detail=detail)
    if len(stream.rules) > MAX_RULES:
        detail = (
            f"there are {len(stream.rules)} rules, of which Dynamics 365 would run only the first {MAX_RULES} "
            "(Patchbay runs all): merge those that lead to one queue, for example with in"
        )
        yield Finding(code="too_many_rules", path=f"{path}.rules", detail=detail)
    if with_bots and stream.mode == "push" and stream.inactivity.bot is None:
        detail = (
            f"there are bots in {', '.join(with_bots)}, and a conversation that its customer leaves stays theirs "
            "until the system ends it after 30 days: set closeAfter"
        )
        yield Finding(code="no_inactivity_policy", path=f"{path}.inactivity.bot", detail=detail)


def _in_rules(
    stream: WorkStream, queues: Mapping[str, _Members], analyzer: ConditionAnalyzer, path: str
) -> Iterator[Finding]:
    types = {variable.name: variable.type for variable in stream.context_variables}
    for r, rule in enumerate(stream.rules):
        rule_path = f"{path}.rules[{r}]"
        mixed = [
            found for at, leaf in comparisons(rule.when, f"{rule_path}.when") for found in mixed_types(leaf, types, at)
        ]
        yield from mixed
        if analyzer.never_holds(rule.when, types):
            if not mixed:  # else the mixed types are the reason
                detail = f"rule {rule.name!r} can never hold, whatever is known: mend its condition, or remove the rule"
                yield Finding(code="rule_unreachable", path=f"{rule_path}.when", detail=detail)
        elif shadow := _shadow(stream.rules[:r], rule, queues, analyzer, types):
            detail = (
                f"rule {rule.name!r} is never applied, because {shadow.name!r} stands before it and holds whenever "
                "it does: move it up, or remove it"
            )
            yield Finding(code="rule_shadowed", path=rule_path, detail=detail)


def _shadow(
    earlier: tuple[Rule, ...],
    rule: Rule,
    queues: Mapping[str, _Members],
    analyzer: ConditionAnalyzer,
    types: Mapping[str, VariableType],
) -> Rule | None:
    """The first earlier rule because of which this one is never applied; None if there is none.

    A rule that leads to bots only is passed over once they all have escalated. So it shadows only those later rules
    that lead to no others than the same bots.
    """
    own = queues[rule.queue]
    passed_over = {
        name: queues[name].only_bots and not (own.only_bots and own.bots <= queues[name].bots)
        for name in {other.queue for other in earlier}
    }
    for other in earlier:
        if analyzer.is_used_up:
            return None
        if not passed_over[other.queue] and analyzer.implies(rule.when, other.when, types):
            return other
    return None


def _leads_to(stream: WorkStream) -> list[str]:
    """The queues that a conversation of the work stream can get to."""
    return list(dict.fromkeys([*(rule.queue for rule in stream.rules), stream.fallback_queue]))
