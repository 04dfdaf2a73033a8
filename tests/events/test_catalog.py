"""A new event type is missed nowhere: what must know every type knows it, and nothing else lists types."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

import pytest
from pydantic.alias_generators import to_snake

from local.index import index
from shared.conversations.bot_activity import turns_of
from shared.conversations.fold import fold
from shared.conversations.transcript import transcript
from shared.diagnosis.configuration_checks import ConfigurationChecks
from shared.diagnosis.diagnosis import shortened_data
from shared.events.catalog import EVENT_CLASSES
from shared.events.conversation_event import ConversationEvent
from tests.builders import contoso, fact_of, history
from tests.documents import ROOT, codes
from tests.events.test_codec import DOCUMENTS
from tests.events.type_lists import type_lists

TRAITS = {*ConversationEvent.__class_vars__, *ConversationEvent.__abstractmethods__}
CHECKS = ConfigurationChecks(history(contoso()).versions[0], None)


def _folded(event: Any) -> object:
    # A question is no fact, which the fold says itself.
    with suppress(TypeError):
        return fold("contoso", "c1", [fact_of(event, event.moment)], history(contoso()))
    return None


USES: Mapping[str, Callable[[Any], object]] = {
    "shared/conversations/fold.py": _folded,
    "shared/conversations/bot_activity.py": lambda event: turns_of([fact_of(event, event.moment)], history(contoso())),
    "shared/conversations/transcript.py": lambda event: transcript([fact_of(event, event.moment)], "agent"),
    "shared/diagnosis/configuration_checks.py, findings": lambda event: list(CHECKS.findings(event, {})),
    "shared/diagnosis/configuration_checks.py, decision": CHECKS.decision,
    "shared/diagnosis/diagnosis.py": shortened_data,
}
"""What has a case for every type, by its file."""

LEFT = {
    "local/independent_count/reading.py": "it counts without the pipeline, so it knows the types by itself",
    "shared/conversations/changed_lines.py": "only a `message.changed` changes a line",
    "shared/conversations/commit.py": "usually a conversation begins with its start, so no head is read before",
    "shared/conversations/fold.py": "a start is folded first, wherever it stands",
    "shared/conversations/order.py": "a conversation's start is a `conversation.started`, by definition",
    "shared/conversations/extent.py": "only a `conversation.ended` names what it knew of",
    "shared/conversations/settlement.py": "only a `session.settled` says what a conversation counts as",
    "shared/dialects/payload.py": "a second hand-off is a second draft of a `bot.escalated`",
    "shared/ingress/changed_line.py": "only a `message.changed` names another line",
    "shared/ingress/deliver.py": "only a `conversation.started` names its customer",
    "shared/routing/explain.py": "a decision has one of three causes",
    "shared/conversations/bot_activity.py": "only some types invoke a bot",
}
"""Where code still asks for a single type, and why no trait says it."""


def unknown_to(kinds: Iterable[type[ConversationEvent]], examples: Mapping[Any, dict[str, Any]]) -> dict[str, set[str]]:
    """What does not know a type, by the type's name: traits, functions, files, tables. Empty if nothing is missing."""
    found = {kind.type_name(): {*_unknown_to(kind, examples.get(kind))} for kind in kinds}
    return {name: missing for name, missing in found.items() if missing}


def _unknown_to(kind: type[ConversationEvent], example: dict[str, Any] | None) -> Iterator[str]:
    name = kind.type_name()
    yield from (trait for trait in TRAITS if trait not in vars(kind))
    if name not in codes((ROOT / "docs/architecture.md").read_text(encoding="utf-8"), "The way of an event"):
        yield "docs/architecture.md"
    if vars(kind).get("subscription") is not None:
        yield from _not_reached_by(name, kind.subscription)
    if example is None:
        yield "tests/events/test_codec.py"
        return
    event = kind.model_validate_json(json.dumps(example))
    for file, use in USES.items():
        try:
            use(event)
        except AssertionError:
            # `assert_never` was reached.
            yield file


def _not_reached_by(name: str, subscription: str | None) -> Iterator[str]:
    """What a type that travels is missing."""
    function = name.replace(".", "_")
    if subscription not in [one.trigger.get("subscriptionName") for one in index() if one.name == function]:
        yield f"functions/{function}.py"
    if f'"Label": "{name}"' not in (ROOT / "infra/emulators/service-bus.json").read_text(encoding="utf-8"):
        yield "infra/emulators/service-bus.json"
    if name not in json.loads((ROOT / "infra/prices/budget.json").read_text(encoding="utf-8"))["events"]:
        yield "infra/prices/budget.json"
    if function not in (ROOT / "README.md").read_text(encoding="utf-8"):
        yield "README.md"


def test_whatever_must_know_every_type_knows_it() -> None:
    # given the catalogue and an example of each type, then traits, functions, files and tables have all of them
    assert len(EVENT_CLASSES) == len({each.type_name() for each in EVENT_CLASSES}) > 1
    assert unknown_to(EVENT_CLASSES, DOCUMENTS) == {}


def test_a_type_has_a_file_of_its_name() -> None:
    modules = {f"shared.events.types.{to_snake(each.type_name().replace('.', '_'))}": each for each in EVENT_CLASSES}
    assert {module: each.__module__ for module, each in modules.items()} == {module: module for module in modules}
    files = {file.stem for file in (ROOT / "shared/events/types").glob("*.py")} - {"__init__"}
    assert files == {module.rpartition(".")[2] for module in modules}


@pytest.mark.parametrize("kind", EVENT_CLASSES, ids=lambda kind: kind.type_name())
def test_traits_of_a_type_agree(kind: type[ConversationEvent]) -> None:
    # given an event of the type
    event = kind.model_validate_json(json.dumps(DOCUMENTS[kind]))
    # then what is only appended changes nothing before it, and a question leaves no trace in a conversation
    assert not (event.changes_only_transcript and (event.looks_back or event.ends_conversation))
    if event.is_question:
        assert (event.author, event.begins_conversation, event.breaks_silence) == (None, "never", False)
        assert (event.asks_for_somebody, event.ends_conversation, event.looks_back) == (False, False, False)
    # and its contents are members that it declares
    assert kind.contents <= {field.alias for field in type(event.data).model_fields.values()}


def test_nothing_else_lists_types() -> None:
    # given all code that is deployed or run, when types that it lists are looked for
    sources = [file for room in ("shared", "functions", "local", "tools") for file in (ROOT / room).rglob("*.py")]
    found = {str(file.relative_to(ROOT)): type_lists(file.read_text(encoding="utf-8")) for file in sources}
    # then there is one in each file that has a reason, and no `match` without `assert_never`
    assert {file: lists for file, lists in found.items() if lists and file not in LEFT} == {}
    assert {file: len(found[file]) for file in LEFT} == dict.fromkeys(LEFT, 1)


@pytest.mark.parametrize(
    "source",
    [
        "isinstance(event, MessagePosted | BotEscalated)",
        "isinstance(fact.event, (ConversationEnded, InactivityTimeout))",
        "asked = cause.type == 'bot.escalated'",
        "NAMES = {'message.posted': 1, 'bot.escalated': 2}",
        "SOME = ('message-posted', 'bot-escalated')",
        "match event:\n    case MessagePosted():\n        pass\n    case _:\n        pass",
        "match event:\n    case MessagePosted() | BotEscalated(data=data):\n        pass",
        "match name:\n    case 'message.posted':\n        pass\n    case _:\n        raise ValueError",
    ],
)
def test_a_list_of_types_is_noticed(source: str) -> None:
    assert len(type_lists(source)) == 1
    closed = "match event:\n    case MessagePosted():\n        pass\n    case _:\n        assert_never(event)"
    assert type_lists(f"{closed}\nisinstance(event, Fact)\n_event('message.posted')") == []
