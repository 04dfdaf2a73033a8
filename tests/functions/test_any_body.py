"""No body gives a 5xx, at any ingress, and nothing that was accepted stops what comes after it."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import EXAMPLES, document
from tests.dialects.whatsapp import RIGHT_WEBHOOKS
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, bot_activity, paths, problem
from tests.functions.odd_bodies import AT, RIGHT_ACTIVITIES, RIGHT_EVENTS, RIGHT_UPDATES, bodies, mutated

CONFIGURATION = "/api/tenants/contoso/configuration"
GENERATED = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)


async def taken_or_refused(host: Host, path: str, body: bytes) -> None:
    """The body is accepted or refused with a reason; then nothing is left on the bus, and the list can be read."""
    answer = await host.client.post(path, content=body)
    if answer.is_success:
        assert set(answer.json()) >= {"accepted", "rejected"}
        assert all(one["code"] and one["detail"] for one in answer.json()["rejected"])
    else:
        assert problem(answer)["code"]
    await host.drain()
    assert host.pipeline.bus.backlog().dead_letters == 0
    for conversation in (await host.shown("conversations"))["conversations"][:2]:
        for resource in ("", "/transcript", "/routing"):
            await host.shown(f"conversations/{conversation['key']}{resource}")


@pytest.mark.slow
@given(body=bodies(RIGHT_EVENTS))
@GENERATED
async def test_the_events_ingress_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, EVENTS, body)


@pytest.mark.slow
@given(body=bodies(RIGHT_ACTIVITIES))
@GENERATED
async def test_a_bot_framework_webhook_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, WEB_CHAT, body)


@given(body=bodies(RIGHT_EVENTS))
@settings(GENERATED, max_examples=100)
async def test_a_webhook_for_events_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, "/api/tenants/contoso/channels/contoso-app/app", body)


@pytest.mark.slow
@given(body=bodies(RIGHT_UPDATES))
@GENERATED
async def test_a_telegram_webhook_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, "/api/tenants/contoso/channels/contoso-telegram/telegram", body)


@pytest.mark.slow
@given(body=bodies(RIGHT_WEBHOOKS))
@GENERATED
async def test_a_whatsapp_webhook_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    await taken_or_refused(host, "/api/tenants/contoso/channels/contoso-whatsapp/whatsapp", body)


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
@settings(GENERATED, max_examples=150)
async def test_the_configuration_takes_or_refuses_any_body(host: Host, body: bytes) -> None:
    answer = await host.client.put(CONFIGURATION, content=body)
    assert problem(answer)["code"] == "invalid_configuration"
