"""A tenant's configuration: one document, every name that is used declared, every mistake named by its path."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal

import yaml
from pydantic import AfterValidator, Field, StringConstraints, TypeAdapter

from shared.errors import InvalidConfiguration, Mistake
from shared.routing.condition import comparisons
from shared.routing.work_stream import Id, Queue, WorkStream
from shared.wire import WireModel, parse_json, validate

BotName = Annotated[str, StringConstraints(min_length=1, max_length=30)]
"""Seed 001: bots with names of more than 30 characters fail to connect."""


@cache
def _time_zones() -> frozenset[str]:
    """The IANA names; what a machine calls `localtime` would bill differently on another one."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split()) - {"Factory"}


def _known_time_zone(name: str) -> str:
    if name not in _time_zones():
        raise ValueError("is no IANA time zone, such as Europe/Berlin")
    return name


TimeZone = Annotated[str, AfterValidator(_known_time_zone)]


class Licence(WireModel, extra="forbid"):
    """Licences of one product, counted for the whole of the month in which `from` lies, and after."""

    product: Literal["Chat", "Digital Messaging"]
    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    effective: Annotated[date, Field(alias="from")]


class AddOn(WireModel, extra="forbid"):
    """Chatbot session add-ons; they need a licence."""

    quantity: Annotated[int, Field(ge=0, le=1_000_000)]
    effective: Annotated[date, Field(alias="from")]


class Bot(WireModel, extra="forbid"):
    """A bot; `app_id` is its Microsoft App ID, by which its activities are known."""

    id: Id
    name: BotName
    app_id: str | None = None


class Agent(WireModel, extra="forbid"):
    """A human who takes conversations."""

    id: Id
    name: str


class Channel(WireModel, extra="forbid"):
    """A channel of a messaging account. `secret` is a reference such as `env:NAME`, never the value."""

    id: Id
    work_stream: Id
    secret: Annotated[str, StringConstraints(pattern=r"^env:[A-Z][A-Z0-9_]*$")] | None = None


class Account(WireModel, extra="forbid"):
    """A messaging account, whose channels all speak one dialect."""

    id: Id
    dialect: Literal["botFramework", "telegram", "cloudEvents"]
    channels: Annotated[tuple[Channel, ...], Field(min_length=1)]


class Configuration(WireModel, extra="forbid"):
    """All that an administrator decides for one tenant."""

    tenant_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
    time_zone: TimeZone = "UTC"
    retention_days: Annotated[int, Field(ge=31, le=3650)] = 365
    default_work_stream: Id
    licences: tuple[Licence, ...] = ()
    add_ons: tuple[AddOn, ...] = ()
    bots: tuple[Bot, ...] = ()
    agents: tuple[Agent, ...] = ()
    queues: Annotated[tuple[Queue, ...], Field(min_length=1)]
    work_streams: Annotated[tuple[WorkStream, ...], Field(min_length=1)]
    accounts: tuple[Account, ...] = ()

    def work_stream(self, work_stream_id: str | None) -> WorkStream | None:
        return next((stream for stream in self.work_streams if stream.id == work_stream_id), None)

    def channel(self, account_id: str, channel_id: str) -> tuple[Account, Channel] | None:
        for account in self.accounts:
            for channel in account.channels:
                if (account.id, channel.id) == (account_id, channel_id):
                    return account, channel
        return None

    def bot(self, native_id: str) -> Bot | None:
        """The bot that a channel or the bot itself calls so: by its id here, its app id, or `28:{app id}`."""
        wanted = native_id.casefold()
        for bot in self.bots:
            app_id = (bot.app_id or "").casefold()
            if bot.id == native_id or (app_id and wanted in (app_id, f"28:{app_id}")):
                return bot
        return None


_ADAPTER: TypeAdapter[Configuration] = TypeAdapter(Configuration)


def decode_configuration(tenant_id: str, body: bytes) -> Configuration:
    """Read a configuration from JSON (a body that begins with `{`) or YAML.

    Raises InvalidConfiguration with every mistake.
    """
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"{":
        document = parse_json(body, InvalidConfiguration, unique_members=True)
    else:
        document = _parse_yaml(body)
    configuration = validate(_ADAPTER, document, InvalidConfiguration)
    mistakes = list(_reference_mistakes(configuration))
    if configuration.tenant_id != tenant_id:
        mistakes.append(Mistake("tenantId", f"is {configuration.tenant_id!r}, but the address says {tenant_id!r}"))
    if mistakes:
        raise InvalidConfiguration(mistakes)
    return configuration


class _JsonLoader(yaml.SafeLoader):
    """YAML that says what JSON can say.

    No aliases (a short document could unfold to gigabytes), no tags, and no guesses: `no` is a word, `2026-01-01` too.
    """

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]  # the stubs leave it untyped
        if isinstance(event, yaml.AliasEvent) or getattr(event, "tag", None) is not None:
            raise yaml.MarkedYAMLError(problem="aliases and tags are not allowed", problem_mark=event.start_mark)
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT002  # PyYAML's
        names = [name.value for name, _ in node.value]
        if repeated := [name for name in names if names.count(name) > 1]:
            raise yaml.MarkedYAMLError(problem=f"{repeated[0]!r} stands there twice", problem_mark=node.start_mark)
        return super().construct_mapping(node, deep)


_JsonLoader.yaml_implicit_resolvers = {}
for _kind, _pattern, _first in (
    ("null", r"~|null|", ["~", "n", ""]),
    ("bool", r"true|false", ["t", "f"]),
    ("int", r"-?(0|[1-9][0-9]*)", list("-0123456789")),
    ("float", r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?", list("-0123456789")),
):
    _JsonLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), _first)


def _parse_yaml(body: bytes) -> Any:
    try:
        document = yaml.load(body.decode("utf-8-sig"), _JsonLoader)  # noqa: S506  # a SafeLoader, made stricter
    except UnicodeDecodeError as cause:
        raise InvalidConfiguration([Mistake("", f"the body is not UTF-8: byte {cause.start}")]) from cause
    except RecursionError as cause:
        raise InvalidConfiguration([Mistake("", "the YAML is nested too deeply")]) from cause
    except (yaml.YAMLError, ValueError, OverflowError) as cause:
        raise InvalidConfiguration([Mistake("", f"the body is neither JSON nor YAML: {cause}")]) from cause
    if not isinstance(document, dict):
        raise InvalidConfiguration([Mistake("", "a configuration is a mapping")])
    return document


def _reference_mistakes(configuration: Configuration) -> Iterator[Mistake]:
    """What no schema sees: names used twice, and names used but never declared."""
    for member in ("bots", "agents", "queues", "workStreams", "accounts"):
        items = getattr(configuration, {"workStreams": "work_streams"}.get(member, member))
        yield from _repeated(member, (item.id for item in items))
    yield from _repeated("bots", ((bot.app_id or "").casefold() for bot in configuration.bots), "appId")
    for n, queue in enumerate(configuration.queues):
        for kind in ("bot", "agent"):
            yield from _repeated(f"queues[{n}].members", (getattr(m, kind) or "" for m in queue.members), kind)
    for n, account in enumerate(configuration.accounts):
        yield from _repeated(f"accounts[{n}].channels", (channel.id for channel in account.channels))
    declared = {
        "bot": {bot.id for bot in configuration.bots},
        "agent": {agent.id for agent in configuration.agents},
        "queue": {queue.id for queue in configuration.queues},
        "work stream": {stream.id for stream in configuration.work_streams},
    }
    for path, kind, name in _references(configuration):
        if name not in declared[kind]:
            yield Mistake(path, f"no {kind} {name!r} is declared")
    for n, stream in enumerate(configuration.work_streams):
        yield from _variable_mistakes(stream, f"workStreams[{n}]")


def _references(configuration: Configuration) -> Iterator[tuple[str, str, str]]:
    yield "defaultWorkStream", "work stream", configuration.default_work_stream
    for q, queue in enumerate(configuration.queues):
        for m, member in enumerate(queue.members):
            kind = "bot" if member.bot is not None else "agent"
            yield f"queues[{q}].members[{m}].{kind}", kind, member.bot or member.agent or ""
    for s, stream in enumerate(configuration.work_streams):
        yield f"workStreams[{s}].fallbackQueue", "queue", stream.fallback_queue
        for r, rule in enumerate(stream.rules):
            yield f"workStreams[{s}].rules[{r}].queue", "queue", rule.queue
    for a, account in enumerate(configuration.accounts):
        for c, channel in enumerate(account.channels):
            yield f"accounts[{a}].channels[{c}].workStream", "work stream", channel.work_stream


def _variable_mistakes(stream: WorkStream, path: str) -> Iterator[Mistake]:
    yield from _repeated(f"{path}.contextVariables", (item.name for item in stream.context_variables), "name")
    yield from _repeated(f"{path}.rules", (rule.name for rule in stream.rules), "name")
    declared = {variable.name for variable in stream.context_variables}
    for r, rule in enumerate(stream.rules):
        for where, comparison in comparisons(rule.when, f"{path}.rules[{r}].when"):
            if comparison.variable not in declared:
                yield Mistake(f"{where}.variable", f"no context variable {comparison.variable!r} is declared")


def _repeated(path: str, names: Iterable[str], member: str = "id") -> Iterator[Mistake]:
    listed = list(names)
    for name, count in Counter(listed).items():
        if count > 1 and name:
            last = len(listed) - 1 - listed[::-1].index(name)
            yield Mistake(f"{path}[{last}].{member}", f"{name!r} is used {count} times")
