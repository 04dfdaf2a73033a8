"""A tenant's configuration: what is right is read the same from JSON and YAML, what is wrong is named by its path."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import InvalidConfiguration
from shared.tenants.decode import decode_configuration
from tests.builders import EXAMPLES, contoso, json_values, small, small_document


def spoilt(path: str, value: Any) -> dict[str, Any]:
    """The sample with one member set; the path is written as a mistake's, for example `queues[0].id`."""
    document: dict[str, Any] = json.loads(contoso().to_json())
    *way, last = [int(step[:-1]) if step.endswith("]") else step for step in path.replace("[", ".").split(".")]
    place: Any = document
    for step in way:
        place = place[step]
    place[last] = value
    return document


def mistakes(document: Any) -> list[tuple[str, str]]:
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("contoso", json.dumps(document).encode())
    return [(mistake.path, mistake.reason) for mistake in refusal.value.mistakes]


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_the_examples_are_valid_and_the_same_in_yaml_and_json(path: Path) -> None:
    # given an example, in YAML
    from_yaml = decode_configuration(path.stem, path.read_bytes())
    # when the same is sent as JSON, plain or with a byte order mark and indented
    plain = from_yaml.to_json().encode()
    indented = b"\xef\xbb\xbf\n" + json.dumps(json.loads(plain), indent=2).encode()
    # then it is the same configuration
    assert decode_configuration(path.stem, plain) == from_yaml
    assert decode_configuration(path.stem, indented) == from_yaml


def test_what_is_left_out_has_a_default() -> None:
    # given a configuration that names only what it must
    configuration = small()
    # then the rest is as documented
    assert (configuration.time_zone, configuration.retention_days) == ("UTC", 365)
    assert {configuration.licences, configuration.add_ons, configuration.bots, configuration.accounts} == {()}


def test_a_bot_is_known_by_its_id_as_it_is_written_and_by_its_app_id_in_any_case() -> None:
    # given the names by which channels and bots call a bot
    app_id = "7d0cae1c-0000-4000-8000-000000000001"
    found = [contoso().bot(name) for name in ("contoso-bot", app_id, f"28:{app_id}", f"28:{app_id}".upper())]
    # then each of them means the bot, and nothing else does
    assert [bot.id if bot else None for bot in found] == ["contoso-bot"] * 4
    assert [contoso().bot(name) for name in ("Contoso-Bot", "28:contoso-bot", "28:", "")] == [None] * 4


def test_a_channel_is_known_by_its_account_and_its_id() -> None:
    # given the sample's accounts
    found = contoso().channel("contoso-chat", "webchat")
    # then a channel is found in its own account only
    assert found is not None
    assert (found[0].dialect, found[1].work_stream) == ("botFramework", "ChatWorkStream")
    assert contoso().channel("contoso-telegram", "webchat") is None


STREAM = "workStreams[0]"
WHEN = "workStreams[0].rules[2].when"
ID = "is no id: letters, digits, - and _, at most 64"
BOT = {"id": "b", "name": "B"}
ZONE = "is no IANA time zone, such as Europe/Berlin"


@pytest.mark.parametrize(
    ("path", "value", "reason"),
    [
        ("tenantId", "other", "is 'other', but the address says 'contoso'"),
        ("tenantId", "Contoso", "string should match pattern '^[a-z0-9][a-z0-9-]{0,63}$'"),
        ("timeZone", "Europe/Bonn", ZONE),
        ("timeZone", "europe/berlin", ZONE),
        ("timeZone", "../UTC", ZONE),
        ("timeZone", "localtime", ZONE),
        ("timeZone", None, "should be a valid string"),
        ("retentionDays", 30, "should be greater than or equal to 31"),
        ("retentionDays", "365", "should be a valid integer"),
        ("retentionDays", True, "should be a valid integer"),
        ("defaultWorkStream", "X", "no work stream 'X' is declared"),
        ("colour", "red", "is not known here"),
        ("licences[0].product", "Voice", "should be 'Chat' or 'Digital Messaging'"),
        ("licences[0].quantity", -1, "should be greater than or equal to 0"),
        ("licences[0].from", 20260101, "should be a valid date"),
        ("licences[0].from", "2026-13-01", "should be a valid date in the format YYYY-MM-DD"),
        ("licences[0].effective", "2026-01-01", "is not known here"),
        ("addOns[0].quantity", 1.5, "should be a valid integer"),
        ("bots[0].name", "x" * 31, "string should have at most 30 characters"),
        ("bots[0].id", "a bot", ID),
        ("queues", {}, "should be a valid array"),
        ("queues[0].members[0].bot", "b2", "no bot 'b2' is declared"),
        ("queues[1].members[0].agent", "dora", "no agent 'dora' is declared"),
        ("queues[3].members[1]", {"capacity": 1}, "a member is either a bot or an agent"),
        ("queues[3].members[1].capacity", 10_001, "should be less than or equal to 10000"),
        (f"{STREAM}.mode", "pull", "should be 'push' or 'pick'"),
        (f"{STREAM}.fallbackQueue", "X", "no queue 'X' is declared"),
        (f"{STREAM}.contextVariables[1].type", "date", "should be 'text' or 'number'"),
        (f"{STREAM}.inactivity.open.closeAfter", 0, "should be greater than 0"),
        (f"{STREAM}.rules[1].queue", "X", "no queue 'X' is declared"),
        (f"{STREAM}.rules[1].when", "always", "should be an object"),
        (f"{STREAM}.rules[1].when.colour", "red", "is not known here"),
        (f"{WHEN}.all[0].variable", "Topic", "no context variable 'Topic' is declared"),
        (f"{WHEN}.all[1].not.variable", "age", "no context variable 'age' is declared"),
        (f"{WHEN}.all[1].not.operator", "below", "should be 'equals', 'notEquals', 'contains'"),
        (f"{WHEN}.all", [], "needs at least 1 item"),
        ("accounts[0].dialect", "irc", "should be 'cloudEvents', 'telegram', 'whatsApp' or 'botFramework'"),
        ("accounts[1].channels[0].workStream", "X", "no work stream 'X' is declared"),
        (
            "accounts[1].channels[0].secret",
            "hunter2",
            "is no reference such as env:PATCHBAY_SECRET_CONTOSO_APP: name a setting",
        ),
        ("bots[0].appId", "contoso-bot", "is no GUID"),
        ("agents[0].objectId", "ana@contoso.com", "is no GUID"),
        ("agents[0].id", "contoso-bot", "'contoso-bot' is a bot's id, too"),
    ],
)
def test_each_mistake_is_named_by_its_path_and_a_reason(path: str, value: Any, reason: str) -> None:
    # given the sample with one wrong member
    # when it is read, then that member is named, with what is wrong there
    [(found, said), *_] = mistakes(spoilt(path, value))
    assert found == path
    assert said.startswith(reason)


@pytest.mark.parametrize(
    ("path", "value", "where", "reason"),
    [
        ("queues[1].members[0].bot", "contoso-bot", "queues[1].members[0]", "a member is either a bot or an agent"),
        (f"{STREAM}.inactivity.bot.remindAfter", 900, f"{STREAM}.inactivity.bot", "remindAfter must be less than"),
        (f"{WHEN}.all[0].value", "HomeLoan", f"{WHEN}.all[0]", "in takes a list of values"),
        (f"{WHEN}.all[1].not.value", "18", f"{WHEN}.all[1].not", "lessThan takes a whole number"),
        ("queues[0].id", "GeneralQueue", "queues[3].id", "'GeneralQueue' is used 2 times"),
        ("agents[0].id", "chi", "agents[2].id", "'chi' is used 2 times"),
        ("accounts[0].id", "contoso-app", "accounts[2].id", "'contoso-app' is used 2 times"),
        (f"{STREAM}.rules[0].name", "HomeLoanRule", f"{STREAM}.rules[2].name", "'HomeLoanRule' is used 2 times"),
        (f"{STREAM}.contextVariables[0].name", "Age", f"{STREAM}.contextVariables[1].name", "'Age' is used 2 times"),
        ("bots", [BOT] * 3, "bots[2].id", "'b' is used 3 times"),
        ("bots", [BOT | {"appId": "A-1"}, BOT | {"id": "c", "appId": "a-1"}], "bots[1].appId", "'a-1' is used 2 times"),
    ],
)
def test_members_that_do_not_go_together_are_named(path: str, value: Any, where: str, reason: str) -> None:
    # given the sample with a member that contradicts another
    # when it is read, then what holds them both is named, and of two equal names the later
    said = dict(mistakes(spoilt(path, value)))
    assert said[where].startswith(reason)


@pytest.mark.parametrize(
    ("path", "value", "where"),
    [
        ("accounts[0].channels", [{"id": "web", "workStream": "ChatWorkStream"}] * 2, "accounts[0].channels[1].id"),
        ("queues[0].members", [{"bot": "contoso-bot", "capacity": 1}] * 2, "queues[0].members[1].bot"),
    ],
)
def test_channels_and_members_are_named_once(path: str, value: Any, where: str) -> None:
    # given two channels of one id in an account, or a bot that is twice in a queue
    # when it is read, then the later one is named
    assert where in [found for found, _ in mistakes(spoilt(path, value))]


@pytest.mark.parametrize(
    ("path", "value", "meant"),
    [
        ("queues[0].members[0].bot", "contosobot", "contoso-bot"),
        ("queues[1].members[0].agent", "Ana", "ana"),
        (f"{STREAM}.fallbackQueue", "GeneralQueu", "GeneralQueue"),
        (f"{STREAM}.rules[1].queue", "creditcardqueue", "CreditCardQueue"),
        ("defaultWorkStream", "ChatWorkstream", "ChatWorkStream"),
        ("accounts[1].channels[0].workStream", "ChatWorkStrem", "ChatWorkStream"),
        (f"{WHEN}.all[1].not.variable", "age", "Age"),
        (f"{WHEN}.all[1].not.operator", "lesThan", "lessThan"),
        (f"{STREAM}.contextVariables[1].type", "numbre", "number"),
        (f"{STREAM}.mode", "Push", "push"),
        ("accounts[1].dialect", "Telegram", "telegram"),
        ("accounts[1].channels[0].authentication", "standardWebhook", "standardWebhooks"),
        ("licences[0].product", "chat", "Chat"),
        ("timeZone", "Europe/Zurch", "Europe/Zurich"),
        ("defaultWorkstream", "ChatWorkStream", "defaultWorkStream"),
        ("bots[0].appID", "x", "appId"),
        (f"{STREAM}.fallbackqueue", "GeneralQueue", "fallbackQueue"),
        (f"{STREAM}.inactivity.bot.closeafter", 900, "closeAfter"),
        (f"{STREAM}.rules[1].when.operater", "equals", "operator"),
        ("accounts[1].channels[0].secrt", "env:S", "secret"),
        ("queues[1].members[0].capasity", 1, "capacity"),
    ],
)
def test_of_a_name_that_is_nearly_another_one_it_is_said_which(path: str, value: Any, meant: str) -> None:
    # given the sample with a misspelt name, of whatever kind, or a misspelt member
    # when it is read, then the one that may be meant is named
    said = dict(mistakes(spoilt(path, value)))
    assert f"; did you mean {meant!r}?" in said[path]


SPOILT_YAML = """\
tenantId: small
defaultWorkStream: W
timeZone: Europe/Berlin
queues:
  - id: Q
  - {id: R, colour: red}
workStreams:
  - id: W
    mode: push
    fallbackQueue: Q
    rules:
      - name: R1
        when: {variable: Topic, operator: hasData}
"""


def test_a_mistake_in_yaml_is_named_by_its_line_and_column() -> None:
    # given a configuration in YAML with an unknown member and a missing one
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("small", SPOILT_YAML.encode())
    # then each is named by where it stands, or by what lacks it
    found = {mistake.path: mistake.position for mistake in refusal.value.mistakes}
    assert found == {"queues[1].colour": (6, 13), "workStreams[0].rules[0].queue": (12, 9)}
    assert [mistake.shown()["line"] for mistake in refusal.value.mistakes] == [6, 12]


@pytest.mark.parametrize(
    ("text", "position"),
    [("a: 1\nb: [1", (2, 6)), ("a: 1\nb: 2\na: 3", (3, 1)), ("a: *b", (1, 4)), ("a: 1\n b: 2", (2, 3))],
)
def test_what_is_no_yaml_is_named_by_its_line_and_column(text: str, position: tuple[int, int]) -> None:
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("small", text.encode())
    assert [mistake.position for mistake in refusal.value.mistakes] == [position]


@pytest.mark.parametrize(
    "text",
    [
        "accounts: [{secret: hunter2, channels: [}]",
        "secret: 'hunter2\n",
        "secret: !hunter2 x",
        "secret: &hunter2 x",
        "secret: *hunter2",
        "secret: hunter2: hunter2",
        '{"tenantId": "small", "secret": "hunter2"',
    ],
)
def test_a_text_that_cannot_be_read_is_not_repeated(text: str) -> None:
    # given a text with a secret in it that is neither JSON nor YAML, or has what it may not have
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("small", text.encode())
    # then the refusal does not show it
    assert "hunter2" not in refusal.value.detail


def test_all_mistakes_are_named_at_once() -> None:
    # given a configuration with mistakes in several places
    document = spoilt("workStreams[0].fallbackQueue", "X")
    document["defaultWorkStream"] = "Y"
    # when it is read, then one answer names them all
    assert {path for path, _ in mistakes(document)} == {"workStreams[0].fallbackQueue", "defaultWorkStream"}


def test_a_mistake_in_a_rule_does_not_say_that_there_are_no_work_streams() -> None:
    # given one mistake deep in a list
    # when it is read, then it is the only one
    assert [path for path, _ in mistakes(spoilt("workStreams[0].mode", "pull"))] == ["workStreams[0].mode"]


@pytest.mark.parametrize("value", [1.5, True, {}, [True]])
def test_a_value_of_a_wrong_type_is_one_mistake_at_the_value(value: Any) -> None:
    # given a comparison with a value that is neither a text nor a whole number
    document = spoilt("workStreams[0].rules[1].when.value", value)
    # when it is read, then the path is the author's
    for path, _ in mistakes(document):
        assert path.startswith("workStreams[0].rules[1].when.value")
        assert not path.endswith(("str", "int", "...]"))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "a configuration is a mapping"),
        (b"- tenantId: contoso", "a configuration is a mapping"),
        (b"[]", "a configuration is a mapping"),
        (b"a: &a [1]\nb: &b [*a, *a]", "the body is neither JSON nor YAML: aliases and tags are not allowed"),
        (b"a: 1\n---\na: 2", "the body is neither JSON nor YAML: expected a single document"),
        (b"a: [", "the body is neither JSON nor YAML: "),
        (b"a: \x00", "the body is neither JSON nor YAML: "),
        (b"a: !!python/object:os.system {}", "the body is neither JSON nor YAML: aliases and tags are not allowed"),
        (b"a: " + b"9" * 5000, "the body is neither JSON nor YAML: "),
        (b"a: \xff", "the body is not UTF-8: byte 3"),
        (b"a: " + b"[" * 10_000, "the YAML is nested too deeply"),
        (b'{"a": ' + b"[" * 10_000, "the document is nested more than 64 levels deep"),
        (b'{"a": NaN}', "the body is not JSON: NaN is not a JSON number"),
    ],
)
def test_what_is_no_configuration_at_all_is_refused(body: bytes, reason: str) -> None:
    # given a body that is no mapping, or not even a document
    # when it is read, then the refusal is about the whole
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("contoso", body)
    [mistake] = refusal.value.mistakes
    assert mistake.path == ""
    assert mistake.reason.startswith(reason)


def unquoted(text: str, document: dict[str, Any]) -> bytes:
    """The document in YAML, with this text written without quotes, as people write YAML."""
    return ("---\n" + json.dumps(document).replace(json.dumps(text), text)).encode()


def test_yaml_does_not_turn_texts_into_dates() -> None:
    # given a rule that compares with what looks like a date
    document = small_document()
    when = {"variable": "Topic", "operator": "equals", "value": "2026-10-05"}
    document["workStreams"][0]["rules"][0]["when"] = when
    # when it is read from YAML
    configuration = decode_configuration("small", unquoted("2026-10-05", document))
    # then the value is the text that the author wrote
    assert json.loads(configuration.work_streams[0].rules[0].when.to_json()) == when


@pytest.mark.parametrize(
    "value",
    [
        "!!timestamp 2026-10-05", "!!timestamp soon", "!!binary aGVsbG8=", "!!set {a, b}", "!!bool maybe", '!!int ""',
        "!!int '_'", '!!float ""', '"\\UFFFFFFFF"', "0x" + "f" * 4000, "0" + "7" * 5000, "1" + ":0" * 200 + ".0",
    ],
)  # fmt: skip
def test_whatever_yaml_can_say_is_a_configuration_or_refused(value: str) -> None:
    # given a value that the YAML library stumbles at, as a member and as a member's name
    for body in (f"tenantId: {value}", f"? {value}\n: 1"):
        # when it is read, then it is refused like any other mistake
        with pytest.raises(InvalidConfiguration):
            decode_configuration("contoso", body.encode())


def test_the_locale_no_stays_what_it_is() -> None:
    # given messages for Norwegian customers
    document = small_document()
    messages = {"no": {"close": "Ha det"}}
    document["workStreams"][0]["inactivity"] = {"bot": {"closeAfter": 60, "messages": messages}}
    # when they are read from YAML
    configuration = decode_configuration("small", unquoted("no", document))
    # then the locale is no
    policy = configuration.work_streams[0].inactivity.bot
    assert policy is not None
    assert list(policy.messages) == ["no"]


LINE = st.text("abn: -[]{}&*!|>'\"#%@`?,\\\t~0x1e.=<", max_size=20) | st.sampled_from(["queues:", "  - id: Q"])
LINES = st.lists(LINE, max_size=6).map(lambda lines: "\n".join(lines).encode())


@settings(deadline=None, max_examples=400)
@given(st.binary(max_size=100) | LINES | json_values().map(lambda value: json.dumps(value).encode()))
def test_garbage_is_refused_and_nothing_else_happens(body: bytes) -> None:
    # given bytes that are no configuration (the smallest one is longer)
    # when they are read, then they are refused
    with pytest.raises(InvalidConfiguration):
        decode_configuration("contoso", body)


ANYWHERE = st.sampled_from(["timeZone", "licences", "bots", "queues", "queues[0].members", "workStreams", "accounts"])


@settings(deadline=None)
@given(ANYWHERE, json_values())
def test_any_value_anywhere_is_a_configuration_or_refused(path: str, value: Any) -> None:
    # given the sample with anything in one of its places
    body = json.dumps(spoilt(path, value)).encode()
    # when it is read, then it is refused, or it is a configuration that reads the same again
    try:
        configuration = decode_configuration("contoso", body)
    except InvalidConfiguration:
        return
    assert decode_configuration("contoso", configuration.to_json().encode()) == configuration


def test_licences_and_add_ons_end_no_earlier_than_they_begin() -> None:
    # Given a licence that ends on the day on which it begins, and an add-on that ends before
    licence = {"product": "Chat", "quantity": 1, "from": "2026-10-05", "until": "2026-10-05"}
    add_on = {"quantity": 1, "from": "2026-10-05", "until": "2026-10-04"}
    # When they are read, then the second is named
    assert small(licences=[licence]).licences[0].until == date(2026, 10, 5)
    with pytest.raises(InvalidConfiguration) as refused:
        small(add_ons=[add_on])
    assert [str(mistake) for mistake in refused.value.mistakes] == ["addOns[0].until: is before from"]


@pytest.mark.parametrize(("days", "accepted"), [(7, False), (8, True), (31, True), (32, False)])
def test_the_grace_before_a_month_closes_is_longer_than_the_bus_keeps_messages(days: int, accepted: bool) -> None:
    if accepted:
        assert small(closing_grace_days=days).closing_grace_days == days
    else:
        with pytest.raises(InvalidConfiguration):
            small(closing_grace_days=days)
    assert small().closing_grace_days == 8
