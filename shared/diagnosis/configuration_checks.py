"""Checks an event against the tenant's configuration: known bots, usable variables, and where it would be routed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, assert_never

from shared.diagnosis.findings import Finding, finding
from shared.dialects.notes import within
from shared.events.catalog import Event
from shared.events.data import ChannelReference
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.near_miss import did_you_mean
from shared.routing.compiled_rules import CompiledRules
from shared.routing.condition import comparisons
from shared.routing.context_variable import Assignment, is_of_platform, usable_value
from shared.routing.decide import decide
from shared.routing.decision import Cause, Decision
from shared.routing.value_near_miss import value_near_misses
from shared.routing.work_stream import WorkStream
from shared.tenants.configuration import Configuration
from shared.tenants.history import Version


@dataclass(frozen=True)
class ConfigurationChecks:
    """Checks events against one version of a tenant's configuration, as if the conversation had no other event."""

    version: Version
    channel: ChannelReference | None

    def findings(self, event: Event, places: Mapping[str, str]) -> Iterator[Finding]:
        """The findings for an administrator or the sender. `places` as in `Draft`."""
        configuration = self.version.configuration
        match event:
            case MessagePosted():
                author = event.data.author
                if author.role == "bot" and not author.smart_assist:
                    yield from _unknown_bot(configuration, author.id, within(places.get("author", "data.author"), "id"))
                elif author.role == "agent" and not configuration.may_be_agent(author.id):
                    reason = f"no agent {author.id[:80]!r} is declared"
                    yield finding("unknown_agent", within(places.get("author", "data.author"), "id"), reason)
            case BotEscalated():
                yield from _unknown_bot(configuration, event.data.bot_id, places.get("botId", "data.botId"))
                yield from self._of_routed(event, self._work_stream(event.data.channel), places)
            case ConversationStarted():
                yield from self._unknown_place(event)
                stream = self._work_stream(event.data.channel, event.data.work_stream_id)
                yield from self._of_routed(event, stream, places)
            case ConversationEnded():
                if event.data.bot_id is not None:
                    yield from _unknown_bot(configuration, event.data.bot_id, places.get("botId", "data.botId"))
            case MessageChanged() | BotFailedOver() | InactivityTimeout() | SessionSettled():
                return
            case _:
                assert_never(event)

    def decision(self, event: Event) -> Decision | None:
        """Where the event alone would lead; None for what is not routed."""
        match event:
            case ConversationStarted():
                stream = self._work_stream(event.data.channel, event.data.work_stream_id)
                return self._decision(event, stream, None)
            case BotEscalated():
                stream = self._work_stream(event.data.channel)
                known = self.version.configuration.bot(event.data.bot_id)
                bot = known.id if known else event.data.bot_id
                return self._decision(event, stream, bot) if stream.takes_escalations else None
            case MessagePosted() | MessageChanged() | BotFailedOver():
                return None
            case ConversationEnded() | InactivityTimeout() | SessionSettled():
                return None
            case _:
                assert_never(event)

    def _decision(self, event: BotEscalated | ConversationStarted, stream: WorkStream, bot: str | None) -> Decision:
        given = {
            name: Assignment(name=name, value=value, at=event.time, fact_id=event.id, set_by="the payload")
            for name, value in event.data.context_variables.items()
        }
        cause = Cause(fact_id=event.id, type=event.type, at=event.time, bot=bot)
        return decide(cause, self.version.rules[stream.id], given, [bot] if bot else [], self.version.number)

    def _work_stream(self, channel: ChannelReference | None, named: str | None = None) -> WorkStream:
        """The work stream that an event names, or its channel's; the ingress's channel's if none is declared."""
        return self.version.configuration.work_stream_for(named, channel, self.channel)

    def _declared(self, channel: ChannelReference) -> bool:
        return self.version.configuration.channel(channel.account_id, channel.channel_id) is not None

    def _unknown_place(self, event: ConversationStarted) -> Iterator[Finding]:
        data, configuration = event.data, self.version.configuration
        named = data.work_stream_id
        if named is not None and configuration.work_stream(named) is None:
            hint = did_you_mean(named, [stream.id for stream in configuration.work_streams])
            yield finding("unknown_work_stream", "data.workStreamId", f"no work stream {named!r} is declared{hint}")
        if named is None and not self._declared(data.channel):
            name = f"{data.channel.account_id}/{data.channel.channel_id}"
            default = configuration.default_work_stream
            yield finding("unknown_channel", "data.channel", f"{name} is not declared, so {default} is used")

    def _of_routed(
        self, event: BotEscalated | ConversationStarted, stream: WorkStream, places: Mapping[str, str]
    ) -> Iterator[Finding]:
        """The findings about the variables of an event that is routed, and about its route."""
        place = places.get("contextVariables", "data.contextVariables")
        given = {
            name: (value, places.get(f"contextVariables.{name}", within(place, name)))
            for name, value in event.data.context_variables.items()
        }
        yield from _of_variables(given, stream, self.version.rules[stream.id], place)
        yield from self._of_route(event, stream, place)

    def _of_route(self, event: BotEscalated | ConversationStarted, stream: WorkStream, place: str) -> Iterator[Finding]:
        decision = self.decision(event)
        if decision is None:
            reason = f"{stream.id} is a pick work stream, where a bot's escalation has no effect"
            yield finding("escalation_without_effect", "", reason)
        elif decision.cause.bot and decision.bot:
            reason = f"leads to queue {decision.queue}, where bot {decision.bot} takes it, and no human does"
            yield finding("escalation_to_a_bot", place, reason)
        elif decision.rule is None and stream.rules:
            asked = sorted({item.variable for rule in stream.rules for _, item in comparisons(rule.when, "")})
            reason = (
                f"no rule of {stream.id} leads anywhere with these variables, so the conversation goes to the fallback "
                f"queue {decision.queue}, unless it knows more; the rules ask for {', '.join(asked)}"
            )
            yield finding("fallback_queue", place, reason)


def _unknown_bot(configuration: Configuration, native_id: str, path: str) -> Iterator[Finding]:
    if configuration.bot(native_id) is None:
        yield finding("unknown_bot", path, f"no bot {native_id[:80]!r} is declared, so it counts under this id")


def _of_variables(
    given: Mapping[str, tuple[Any, str]], stream: WorkStream, rules: CompiledRules, place: str
) -> Iterator[Finding]:
    """`given`: each variable's value and path, by its name."""
    declared = {variable.name: variable.type for variable in stream.context_variables}
    system = [name for name in given if is_of_platform(name) and name not in declared]
    if system:
        reason = f"{len(system)} variables of the bot's platform are kept, and no rule sees them: {', '.join(system)}"
        yield finding("system_variables", place, reason[:400])
    for name, (value, path) in given.items():
        if name not in system:
            yield from _of_variable(name, value, declared, stream, path)
            for text, how in value_near_misses(rules, name, value):
                reason = f"is {value[:200]!r}, and a rule asks for {text!r}, which differs {how}"
                yield finding("value_near_miss", path, reason)


def _of_variable(
    name: str, value: Any, declared: Mapping[str, str], stream: WorkStream, path: str
) -> Iterator[Finding]:
    if not (usable_value(value, "text") or usable_value(value, "number")):
        reason = f"context value is {_kind(value)}: text or integer only, so conditions leave {name[:80]} out"
        yield finding("context_value_unusable", path, reason)
    given = Assignment(name=name, value=value, at="", fact_id="", set_by="the payload")
    why = stream.declared.complaint(given)
    if why and name not in declared:
        yield finding("undeclared_variable", path, f"{why}{did_you_mean(name, declared)}"[:400])
    elif why and usable_value(value, "text" if declared[name] == "number" else "number"):
        yield finding("variable_of_another_type", path, why)


def _kind(value: Any) -> str:
    kinds = {
        bool: "boolean",
        float: "a fraction",
        list: "a list",
        dict: "an object",
        str: "text of over 4,000 characters",
    }
    return "null" if value is None else kinds.get(type(value), "something else")
