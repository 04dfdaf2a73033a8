"""No body gives a 5xx, at any door, and nothing that was accepted stops what comes after it."""

import copy
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import EXAMPLES, document, json_values, message_document
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, bot_activity, paths, problem

CONFIGURATION = "/api/tenants/contoso/configuration"
AT = "2026-10-20T11:00:00Z"
FIVE_HUNDRED = settings(
    max_examples=500,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

CHANNEL = {"accountId": "contoso-app", "channelId": "app", "threadId": "t"}
HISTORY = [{"id": "m1", "time": AT, "author": {"role": "bot", "id": "b"}, "text": "x"}]
RIGHT_EVENTS = [
    document("conversation.started", {"channel": CHANNEL, "customer": {"id": "u", "name": "U"}}, at=AT),
    document("conversation.started", {"channel": CHANNEL, "customer": {"id": "u"}}, None, AT),
    message_document(time=AT),
    document("bot.escalated", {"botId": "b", "contextVariables": {"Age": 1}, "transcript": HISTORY}, at=AT),
    document("bot.escalated", {"botId": "contoso-bot", "channel": CHANNEL, "summary": "s"}, None, AT),
    document("inactivity.timeout", {"dueAt": AT}, at=AT),
    document("conversation.ended", {"endedBy": "agent", "reason": "resolved", "note": "n"}, at=AT),
    document("conversation.ended", {"endedBy": "bot", "reason": "other", "channel": CHANNEL}, None, AT),
]
TAGS = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
TRANSCRIPT = {"name": "Transcript", "contentType": "application/json", "content": {"activities": [activity()]}}
RIGHT_ACTIVITIES = [
    activity(),
    bot_activity(),
    activity(type="conversationUpdate", membersAdded=[{"id": "u"}]),
    activity(type="event", name="handoff.initiate", value={"Context": {"Age": 1}}, attachments=[TRANSCRIPT]),
    bot_activity(channelData={"tags": TAGS}),
    bot_activity(channelData={"tags": {"type": "EndConversation"}}),
    activity(type="endOfConversation", code="userCancelled"),
    activity(attachments=[{"contentType": "image/png", "contentUrl": "https://x/y", "name": "y.png"}]),
]
RIGHT_UPDATES = [
    {
        "update_id": 1,
        "message": {"message_id": 2, "date": 1792494000, "chat": {"id": 3}, "text": "x", "from": {"id": 4}},
    },
    {"update_id": 2, "message": {"message_id": 3, "date": 1792494000, "chat": {"id": -3}, "photo": [{"file_id": "f"}]}},
]
ODD: list[Any] = [
    None, True, "", "x" * 3000, "\ud800", "\x00", "👩‍👩‍👧", "~", "..", "a/b|c:d", "[" * 99, TAGS,
    [], {}, [[[{}]]], {"": {"": ""}}, -1, 0, 0.5, 9e12, 1e308, 2**63, -(10**390), 10**500, float("nan"), float("inf"),
    "2026-10-20T11:00:00.1234567890123Z", "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59Z", "٢٠٢٦-10-20T11:00:00Z",
    '{"type":0,"context":{"A":NaN}}',
]  # fmt: skip


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member and item, at any depth, as (holder, name)."""
    names: list[Any] = list(value) if isinstance(value, dict) else list(range(len(value)))
    inner = [place for name in names if isinstance(value[name], dict | list) for place in _places(value[name])]
    return [(value, name) for name in names] + inner


@st.composite
def mutated(draw: st.DrawFn, right: list[dict[str, Any]]) -> bytes:
    """A right document, of which up to three members are gone, doubled, or something else; or a batch of two."""
    written = copy.deepcopy(draw(st.sampled_from(right)))
    for name in ("subject", "id"):
        if isinstance(written.get(name), str):
            written[name] = f"{name}-{draw(st.integers(0, 40))}"
    for _ in range(draw(st.integers(0, 3))):
        places = _places(written)
        if not places:
            break
        holder, name = draw(st.sampled_from(places))
        match draw(st.sampled_from(["odd", "odd", "any", "gone", "doubled"])):
            case "odd":
                holder[name] = copy.deepcopy(draw(st.sampled_from(ODD)))
            case "any":
                holder[name] = draw(json_values())
            case "doubled":
                holder[name] = [copy.deepcopy(holder[name]), copy.deepcopy(holder[name])]
            case _:
                del holder[name]
    whole = [written, draw(st.sampled_from(right))] if draw(st.integers(0, 9)) == 0 else written
    return json.dumps(whole).encode()


def bodies(right: list[dict[str, Any]]) -> st.SearchStrategy[bytes]:
    anything = st.binary(max_size=200) | json_values().map(lambda value: json.dumps(value).encode())
    return st.one_of(mutated(right), mutated(right), mutated(right), anything)


async def taken_or_refused(host: Host, path: str, body: bytes) -> None:
    """The body is accepted or refused with a reason; then nothing is left on the bus, and the list can be read."""
    answer = await host.client.post(path, content=body)
    if answer.status_code == 202:
        assert set(answer.json()) >= {"accepted", "rejected"}
        assert all(one["code"] and one["detail"] for one in answer.json()["rejected"])
    else:
        assert problem(answer)["code"]
    await host.drain()
    assert host.pipeline.bus.backlog().dead_letters == 0
    for conversation in (await host.shown("conversations"))["conversations"][:2]:
        for resource in ("", "/transcript", "/routing"):
            await host.shown(f"conversations/{conversation['key']}{resource}")


@given(body=bodies(RIGHT_EVENTS))
@FIVE_HUNDRED
async def test_the_events_door_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, EVENTS, body)


@given(body=bodies(RIGHT_ACTIVITIES))
@FIVE_HUNDRED
async def test_a_bot_framework_webhook_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, WEB_CHAT, body)


@given(body=bodies(RIGHT_EVENTS))
@settings(FIVE_HUNDRED, max_examples=100)
async def test_a_webhook_for_events_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, "/api/tenants/contoso/channels/contoso-app/app", body)


@given(body=bodies(RIGHT_UPDATES))
@settings(FIVE_HUNDRED, max_examples=200)
async def test_a_telegram_webhook_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, "/api/tenants/contoso/channels/contoso-telegram/telegram", body)


@pytest.mark.parametrize("depth", [*range(50, 70), *range(180, 205), *range(900, 1000, 3), 100_000])
async def test_no_depth_of_nesting_is_too_much_to_answer(host: Host, depth: int) -> None:
    # Given a value nested so deep, where a bot may put anything: as an event, an activity, and in an activity's tags
    deep = "[" * depth + "]" * depth
    place = document("bot.escalated", {"botId": "b", "contextVariables": {"Age": "?"}}, at=AT)
    value = activity(type="event", name="handoff.initiate", value={"Context": {"Age": "?"}})
    tags = bot_activity(channelData={"tags": '{"type":"Escalate","context":{"Age":"?"}}'})
    sent = [
        (EVENTS, json.dumps(place).replace('"?"', deep)),
        (WEB_CHAT, json.dumps(value).replace('"?"', deep)),
        (WEB_CHAT, json.dumps(tags).replace('\\"?\\"', deep)),
    ]
    # Then each is taken or refused, and the conversations can be read
    for path, body in sent:
        assert deep in body
        await taken_or_refused(host, path, body.encode())


YAML = (EXAMPLES / "contoso.yaml").read_text(encoding="utf-8")
ODD_YAML = [
    "!!timestamp 2026-01-01", "!!timestamp x", "!!binary aGVsbG8=", '!!binary "a"', "!!set {a, b}", '!!int ""',
    "!!int +", '!!float ""', "!!bool x", "!!null x", "!!omap [a: 1]", "!!pairs [a: 1]", "!!python/object:os.system x",
    "!unknown x", ".nan", "-.inf", "9" * 5000, '"\\ud800"', "0b", "190:20:30", "? a", "*a", "&a [*a]", "<<: 3",
    "{? !!binary aGk= : 1}", "[" * 300 + "]" * 300, "[" * 100, "{" * 100, "|", "\t", "\x01", "%YAML 9.9", "---", "...",
    "2026-99-99", "!!str [a]", "!!map a", "!!seq a", "!!set [a]", "=", "<<", "~", "!!value =", "!!merge x",
]  # fmt: skip


@pytest.mark.parametrize("odd", ODD_YAML)
async def test_no_yaml_is_too_odd_to_answer(host: Host, odd: str) -> None:
    # Given a configuration with something odd for a value, for a name, in a list, or for the whole
    for body in (
        YAML.replace("timeZone: UTC", f"timeZone: {odd}"),
        YAML.replace("quantity: 2", f"quantity: {odd}"),
        YAML.replace("from: 2026-01-01", f"from: {odd}"),
        YAML.replace("value: CreditCard", f"value: {odd}"),
        YAML.replace("[HomeLoan, Mortgage]", f"[HomeLoan, {odd}]"),
        YAML.replace("defaultWorkStream:", f"? {odd}\n:"),
        f"{YAML}{odd}: 1\n",
        f"{YAML}\n{odd}\n",
        odd,
    ):
        # When it is put, then it is a version, or refused with what is wrong
        answer = await host.client.put(CONFIGURATION, content=body.encode())
        assert answer.status_code == 200 or paths(answer)


@given(
    body=st.binary(max_size=100)
    | st.text(max_size=200).map(str.encode)
    | st.just(b"")
    | mutated([{"a": [1, {"b": 2}]}])
)
@settings(FIVE_HUNDRED, max_examples=200)
async def test_the_configuration_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    answer = await host.client.put(CONFIGURATION, content=body)
    assert problem(answer)["code"] == "invalid_configuration"
