"""The bounds of a configuration: each is named with its member and the reason, and nothing takes long within them."""

import asyncio
import json
from typing import Any

import pytest
import yaml

from shared.clock import MovableClock
from shared.errors import InvalidConfiguration, Mistake
from shared.near_miss import Spellings, near_misses
from shared.strict_json import MOST_MISTAKES
from shared.tenants.bounds import MAX_BYTES
from shared.tenants.configurations import Configurations
from shared.tenants.decode import decode_configuration
from shared.tenants.history import History
from shared.tenants.lint import MOST_FINDINGS, lint
from shared.tenants.references import MOST_HINTS
from shared.tenants.yaml_document import parse_yaml
from tests.builders import CONFIGURED, small_document
from tests.fakes import MemoryConfigurations

HAS_DATA = {"variable": "Topic", "operator": "hasData"}
LICENCE = {"product": "Chat", "quantity": 1, "from": "2026-10-01"}
ADD_ON = {"quantity": 1, "from": "2026-10-01"}


def rules(count: int, **members: Any) -> list[dict[str, Any]]:
    return [{"name": f"R{n}", "when": HAS_DATA, "queue": "Q", **members} for n in range(count)]


def named(count: int, **members: Any) -> list[dict[str, Any]]:
    return [{"id": f"x{n}", **members} for n in range(count)]


def stream(**members: Any) -> dict[str, Any]:
    topic = [{"name": "Topic", "type": "text"}]
    return {"id": "W", "mode": "push", "fallbackQueue": "Q", "contextVariables": topic, **members}


def account(**members: Any) -> dict[str, Any]:
    return {"id": "a", "dialect": "telegram", "channels": [{"id": "c", "workStream": "W"}], **members}


def channel(**members: Any) -> list[dict[str, Any]]:
    return [account(channels=[{"id": "c", "workStream": "W", **members}])]


def messages(*texts: str) -> dict[str, Any]:
    return {"bot": {"closeAfter": 60, "messages": {f"l{n}": {"close": text} for n, text in enumerate(texts)}}}


def mistakes(body: bytes) -> list[Mistake]:
    try:
        decode_configuration("small", body)
    except InvalidConfiguration as refused:
        return list(refused.mistakes)
    return []


def written(**members: Any) -> bytes:
    return json.dumps(small_document(**{"workStreams": [stream()], **members}), separators=(",", ":")).encode()


STREAM = "workStreams[0]"
WHEN = f"{STREAM}.rules[0].when"
NEGATED = {"any": [HAS_DATA]}
WITH_AGENTS = {"agents": named(500, name="A"), "bots": [{"id": f"b{n}", "name": "B"} for n in range(500)]}
MEMBERS = [{"agent": f"x{n}", "capacity": 1} for n in range(500)] + [
    {"bot": f"b{n}", "capacity": 2} for n in range(500)
]


@pytest.mark.parametrize(
    ("members", "most", "path"),
    [
        (lambda n: {"licences": [LICENCE] * n}, 200, "licences"),
        (lambda n: {"addOns": [ADD_ON] * n}, 200, "addOns"),
        (lambda n: {"bots": named(n, name="B")}, 500, "bots"),
        (lambda n: {"agents": named(n, name="A")}, 500, "agents"),
        (lambda n: {"queues": [{"id": "Q"}, *named(n - 1)]}, 500, "queues"),
        (lambda n: {"workStreams": [stream(id=f"W{i}" if i else "W") for i in range(n)]}, 100, "workStreams"),
        (lambda n: {"accounts": [account(id=f"a{i}") for i in range(n)]}, 100, "accounts"),
        (lambda n: {"eventSecrets": ["env:S"] * n}, 10, "eventSecrets"),
        (lambda n: {"accounts": [account(channels=named(n, workStream="W"))]}, 100, "accounts[0].channels"),
        (lambda n: {"accounts": channel(secrets=["env:S"] * n)}, 10, "accounts[0].channels[0].secrets"),
        (lambda n: {"workStreams": [stream(rules=rules(n))]}, 200, f"{STREAM}.rules"),
        (lambda n: {"workStreams": [stream(contextVariables=[{"name": f"v{i}", "type": "text"} for i in range(n)])]},
         500, f"{STREAM}.contextVariables"),
        (lambda n: {"workStreams": [stream(rules=rules(1, when={"any": [HAS_DATA] * n}))]}, 10, WHEN),
        (lambda n: {"workStreams": [stream(rules=rules(1, when={"not": {"all": [NEGATED] * n}}))]}, 10, WHEN),
        (lambda n: {"workStreams": [stream(rules=rules(
            1, when={"variable": "Topic", "operator": "in", "value": [f"v{i}" for i in range(n)]}
        ))]}, 1000, f"{WHEN}.value"),
        (lambda n: {"workStreams": [stream(inactivity=messages(*["x"] * n))]}, 100,
         f"{STREAM}.inactivity.bot.messages"),
        (lambda n: {"accounts": channel(inactivity=messages("x" * n))}, 4096,
         "accounts[0].channels[0].inactivity.bot.messages.l0.close"),
        (lambda n: {**WITH_AGENTS, "queues": [{"id": "Q", "members": (MEMBERS * 2)[:n]}]}, 1000, "queues[0].members"),
    ],
)  # fmt: skip
def test_each_bound_is_named_with_its_member_and_how_much_there_may_be(members: Any, most: int, path: str) -> None:
    # given a configuration with as many as there may be of something, and one with one more
    # when they are read, then only the second is refused, and the bound is named
    assert mistakes(written(**members(most))) == []
    [mistake] = mistakes(written(**members(most + 1)))
    assert mistake.path == path
    assert mistake.reason.startswith(f"has {most + 1} ")
    assert mistake.reason.endswith(f"; there may be {most}")


@pytest.mark.parametrize("body", [written(), yaml.safe_dump(json.loads(written())).encode()], ids=["JSON", "YAML"])
def test_a_configuration_has_at_most_256_kilobytes(body: bytes) -> None:
    # given a configuration that just fits
    assert mistakes(body.ljust(MAX_BYTES)) == []
    # when it has one byte more, then it is refused, whatever it says
    assert mistakes(body.ljust(MAX_BYTES + 1)) == [Mistake("", "has 262145 bytes; a configuration may have 262144")]


def nested(levels: int) -> Any:
    condition: Any = HAS_DATA
    for _ in range(levels):
        condition = {"not": condition}
    return condition


def test_a_configuration_is_nested_at_most_64_levels_deep() -> None:
    # given a configuration with as many levels as there may be, and one with one more, as JSON and as YAML
    for levels, reasons in (
        (58, [[], []]),
        (59, [["the document is nested more than 64 levels deep"], ["the YAML is nested too deeply"]]),
    ):
        body = written(workStreams=[stream(rules=rules(1, when=nested(levels)))])
        in_yaml = yaml.safe_dump(json.loads(body)).encode()
        # when they are read, then only the second is refused
        assert [[one.reason for one in mistakes(each)] for each in (body, in_yaml)] == reasons


def test_of_more_mistakes_the_first_hundred_are_named() -> None:
    # given a configuration with 30,000 unknown members
    body = written().removesuffix(b"}") + b"".join(b',"m%d":1' % n for n in range(20_000)) + b"}"
    # when it is refused, then the first are named, and that there are more
    found = mistakes(body)
    assert len(found) == MOST_MISTAKES + 1
    assert found[0] == Mistake("m0", "is not known here")
    assert found[-1] == Mistake("", "there are more mistakes; these are the first 100")


def test_of_the_first_unknown_names_it_is_said_which_are_meant() -> None:
    # given 50 rules, each on a variable whose name is misspelt
    variables = [{"name": f"Variable{n}", "type": "text"} for n in range(50)]
    misspelt = [rules(n + 1, when={"variable": f"Variabl{n}", "operator": "hasData"})[-1] for n in range(50)]
    found = mistakes(written(workStreams=[stream(contextVariables=variables, rules=misspelt)]))
    # then each is a mistake, and of the first it is said which one may be meant
    assert len(found) == 50
    assert ["did you mean" in one.reason for one in found] == [n < MOST_HINTS for n in range(50)]


def test_of_more_findings_the_first_200_are_named() -> None:
    # given a work stream whose rules never hold
    never = {"all": [{"variable": "Topic", "operator": "equals", "value": value} for value in "ab"]}
    streams = [stream(id=f"W{n}" if n else "W", rules=rules(101, when=never)) for n in range(2)]
    found = lint(decode_configuration("small", written(workStreams=streams)))
    # when it is linted, then the first findings are named, and that there are more
    assert len(found) == MOST_FINDINGS + 1
    assert (found[-1].code, found[-1].path) == ("more_findings", "")


def test_a_list_that_is_wrong_in_many_items_is_not_called_too_short() -> None:
    # given rules of which each has an empty group, and one more member that is wrong
    wrong = rules(50, when={"any": []}, colour="red")
    found = mistakes(written(workStreams=[stream(rules=wrong)]))
    # then each group needs an item, and the list of rules is not too short
    assert [one.path for one in found if "needs at least" in one.reason] == [
        f"{STREAM}.rules[{n}].when.any" for n in range(50)
    ]


WORDS = [
    "CreditCard",
    "CreditCar",
    "creditcard",
    "CerditCard",
    "CreditCarx",
    "Mortgage",
    "Tariff1",
    "Tariff2",
    "Card",
    "card",
    "Cadr",
    "Cat",
    "Cta",
]


def test_texts_that_are_nearly_another_one_are_found_without_comparing_all() -> None:
    # given some texts
    known = Spellings()
    for word in WORDS:
        known.add(word)
    # when those like one of them are looked for, then all that differ by one typo are among them
    for word in WORDS:
        others = [other for other in WORDS if other != word]
        assert {other for other, _ in near_misses(word, others)} <= set(known.alike(word, 20))
    assert known.alike("Gold", 20) == []
    assert known.alike("CreditCard", 2) == ["CreditCard", "creditcard"]


@pytest.mark.parametrize(
    ("path", "position"),
    [
        ("tenantId", (1, 1)),
        ("queues[1].colour", (4, 13)),
        ("queues[1].missing", (4, 5)),
        ("queues[7]", (2, 1)),
        ("messages.de.at[0].close", (6, 14)),
        ("messages.de", (5, 1)),
    ],
)
def test_a_path_is_found_in_the_text(path: str, position: tuple[int, int]) -> None:
    # given a text, one of whose names holds what separates names
    text = "tenantId: small\nqueues:\n  - id: Q\n  - {id: R, colour: red}\nmessages:\n  de.at[0]: {close: x}\n"
    # when a path is looked for, then it, or the nearest part of it, is found where it begins
    assert parse_yaml(text.encode())[1].position_of(path) == position


class Counting(MemoryConfigurations):
    """A store that notes how often another task had its turn before it was first read."""

    def __init__(self) -> None:
        super().__init__()
        self.turns = 0
        self.turns_before: int | None = None

    async def history(self, tenant_id: str) -> History | None:
        self.turns_before = self.turns if self.turns_before is None else self.turns_before
        return await super().history(tenant_id)


async def test_others_are_served_while_a_configuration_is_read() -> None:
    # given a task that wants to go on
    store = Counting()

    async def goes_on() -> None:
        while store.turns_before is None:
            store.turns += 1
            await asyncio.sleep(0)

    other = asyncio.create_task(goes_on())
    # when a configuration is put, then the task has its turns before that is read
    await Configurations(store, MovableClock(CONFIGURED)).put("small", written(), None)
    await other
    assert store.turns_before
