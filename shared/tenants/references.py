"""Mistakes in a configuration that no schema finds: names used twice, and names used but never declared."""

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from shared.errors import Mistake, MistakeCode
from shared.near_miss import did_you_mean
from shared.routing.condition import comparisons
from shared.routing.work_stream import WorkStream
from shared.tenants.authentication import authentication_mistakes
from shared.tenants.configuration import Configuration

MOST_HINTS = 20
"""The unknown names of which one that is like it is looked for."""
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def reference_mistakes(configuration: Configuration) -> Iterator[Mistake]:
    """Every such mistake with its path."""
    for member in ("bots", "agents", "queues", "workStreams", "accounts"):
        items = getattr(configuration, {"workStreams": "work_streams"}.get(member, member))
        yield from _repeated(member, (item.id for item in items))
    yield from _microsoft_ids(configuration)
    bots = {bot.id for bot in configuration.bots}
    for n, agent in enumerate(configuration.agents):
        if agent.id in bots:
            yield Mistake(f"agents[{n}].id", f"{agent.id!r} is a bot's id, too, so nobody could tell who writes")
    for n, queue in enumerate(configuration.queues):
        for kind in ("bot", "agent"):
            yield from _repeated(f"queues[{n}].members", (getattr(m, kind) or "" for m in queue.members), kind)
    for n, account in enumerate(configuration.accounts):
        channel_ids = (channel.id for channel in account.channels)
        yield from _repeated(f"accounts[{n}].channels", channel_ids, code="duplicate_channel_id")
    yield from authentication_mistakes(configuration)
    declared = {
        "bot": {bot.id for bot in configuration.bots},
        "agent": {agent.id for agent in configuration.agents},
        "queue": {queue.id for queue in configuration.queues},
        "work stream": {stream.id for stream in configuration.work_streams},
    }
    hints = _Hints()
    for path, kind, name in _references(configuration):
        if name not in declared[kind]:
            yield Mistake(path, f"no {kind} {name!r} is declared{hints.of(name, declared[kind])}")
    for n, stream in enumerate(configuration.work_streams):
        yield from _variable_mistakes(stream, f"workStreams[{n}]", hints)


class _Hints:
    """Says of the first unknown names which declared ones may be meant: finding out takes a while for each."""

    def __init__(self) -> None:
        self._left = MOST_HINTS

    def of(self, name: str, declared: Collection[str]) -> str:
        self._left -= 1
        return did_you_mean(name, declared) if self._left >= 0 else ""


def _microsoft_ids(configuration: Configuration) -> Iterator[Mistake]:
    """App ids and object ids that are no GUIDs, as all of Microsoft's are, or that two have."""
    app_ids = [bot.app_id or "" for bot in configuration.bots]
    object_ids = [agent.object_id or "" for agent in configuration.agents]
    for member, name, ids in (("bots", "appId", app_ids), ("agents", "objectId", object_ids)):
        for n, one in enumerate(ids):
            if one and not _GUID.fullmatch(one):
                yield Mistake(f"{member}[{n}].{name}", "is no GUID, such as 7d0cae1c-0000-4000-8000-000000000001")
    yield from _repeated("bots", app_ids, "appId", code="1004 DuplicateBotAppId")
    yield from _repeated("agents", object_ids, "objectId")


def _references(configuration: Configuration) -> Iterator[tuple[str, str, str]]:
    yield "defaultWorkStream", "work stream", configuration.default_work_stream
    for q, queue in enumerate(configuration.queues):
        for m, member in enumerate(queue.members):
            kind = "bot" if member.bot is not None else "agent"
            yield f"queues[{q}].members[{m}].{kind}", kind, member.bot or member.agent or ""
    for b, declared in enumerate(configuration.bots):
        if declared.fail_over is not None:
            yield f"bots[{b}].failOver.queue", "queue", declared.fail_over.queue
    for s, stream in enumerate(configuration.work_streams):
        yield f"workStreams[{s}].fallbackQueue", "queue", stream.fallback_queue
        for r, rule in enumerate(stream.rules):
            yield f"workStreams[{s}].rules[{r}].queue", "queue", rule.queue
    for a, account in enumerate(configuration.accounts):
        for b, bot in enumerate(account.bots):
            yield f"accounts[{a}].bots[{b}]", "bot", bot
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}].workStream", "work stream", channel.work_stream


def _variable_mistakes(stream: WorkStream, path: str, hints: _Hints) -> Iterator[Mistake]:
    yield from _repeated(f"{path}.contextVariables", (item.name for item in stream.context_variables), "name")
    yield from _repeated(f"{path}.rules", (rule.name for rule in stream.rules), "name")
    declared = {variable.name for variable in stream.context_variables}
    for r, rule in enumerate(stream.rules):
        for where, comparison in comparisons(rule.when, f"{path}.rules[{r}].when"):
            if comparison.variable not in declared:
                hint = hints.of(comparison.variable, declared)
                yield Mistake(f"{where}.variable", f"no context variable {comparison.variable!r} is declared{hint}")


def _repeated(
    path: str, names: Iterable[str], member: str = "id", *, code: MistakeCode | None = None
) -> Iterator[Mistake]:
    listed = list(names)
    last = {name: n for n, name in enumerate(listed)}
    for name, count in Counter(listed).items():
        if count > 1 and name:
            yield Mistake(f"{path}[{last[name]}].{member}", f"{name!r} is used {count} times", code)
