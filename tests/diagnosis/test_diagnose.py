"""The payload doctor: what it recognises, what it judges by the configuration, and what it leaves untouched."""

import json
from typing import Any, get_args

import pytest
import yaml

from shared.diagnosis.diagnose import diagnose
from shared.diagnosis.diagnosis import Diagnosis
from shared.diagnosis.findings import KINDS, ConfigurationCode, DialectCode, RefusedCode
from shared.dialects.bot_framework.notes import NOTES, AssumedCode, IgnoredCode
from shared.dialects.foreign import ForeignCode
from shared.dialects.notes import COMMON, CommonCode
from shared.dialects.registry import DIALECTS
from shared.errors import UnknownAccount
from shared.tenants.decode import decode_configuration
from shared.wire import replace
from tests.builders import EXAMPLES, contoso, document, history, small
from tests.diagnosis.doctor import GOLDEN, NOW
from tests.functions.hosts import BOT, CUSTOMER, activity, bot_activity

ESCALATION = bot_activity(channelData={"tags": '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'})


def diagnosed(said: Any, configuration: Any = None, **named: str) -> Diagnosis:
    body = said if isinstance(said, bytes) else json.dumps(said).encode()
    return diagnose(history(configuration or contoso()), body, NOW, **named)


def codes(diagnosis: Diagnosis) -> list[str]:
    return [found.code for found in diagnosis.findings]


def changed(**members: Any) -> Any:
    """Contoso's configuration with other members."""
    written = yaml.safe_load((EXAMPLES / "contoso.yaml").read_text(encoding="utf-8"))
    return decode_configuration("contoso", json.dumps({**written, **members}, default=str).encode())


def test_every_code_has_a_severity_and_a_remedy_and_no_other_has() -> None:
    # given the codes that modules declare, and those of each dialect
    assert set(NOTES) == {*get_args(IgnoredCode), *get_args(AssumedCode)}
    assert set(COMMON) == {*get_args(CommonCode)}
    own = [*get_args(ConfigurationCode), *get_args(RefusedCode), *get_args(DialectCode), *get_args(ForeignCode)]
    known = [*own, *COMMON, *(code for dialect in DIALECTS for code in dialect.notes)]
    # then the table has each of them, and no two of them are alike
    assert sorted(KINDS) == sorted(known)
    assert all(remedy.endswith(".") for _, remedy in KINDS.values())


def test_every_code_of_a_reader_has_a_payload_that_shows_it() -> None:
    # given the golden files
    shown = set()
    for file in GOLDEN.glob("*.json"):
        golden = json.loads(file.read_text(encoding="utf-8"))
        shown |= {found["code"] for found in (*golden["ignored"], *golden["findings"])}
    # then each code of a reader is in one; `begun_before` needs a conversation, which the doctor does not look up
    assert {*COMMON, *(code for dialect in DIALECTS for code in dialect.notes)} - shown == {"begun_before"}


def test_an_undeclared_agent_is_told_where_agents_are_declared() -> None:
    # given a line of an agent whom nobody declared
    line = activity(**{"from": {"id": "stranger", "role": "agent"}})
    # when it is diagnosed, then the doctor says so, but not where the tenant declares no agents
    [found] = [one for one in diagnosed(line).findings if one.code == "unknown_agent"]
    assert (found.path, found.reason) == ("from.id", "no agent 'stranger' is declared")
    assert "unknown_agent" not in codes(diagnosed(line, changed(agents=[], queues=WITHOUT_AGENTS)))


WITHOUT_AGENTS = [{"id": name} for name in ("BotQueue", "CreditCardQueue", "HomeLoanQueue", "GeneralQueue")]


FACEBOOK = {"sender": {"id": "1"}, "recipient": {"id": "2"}, "timestamp": 1, "message": {"mid": "m", "text": "Hi"}}
EVENT_GRID = {
    "id": "1", "topic": "t", "subject": "c1", "eventType": "message.posted", "eventTime": "2026-10-20T11:00:00Z",
    "data": {}, "dataVersion": "1", "metadataVersion": "1",
}  # fmt: skip
VALIDATION = {
    **EVENT_GRID, "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent", "data": {"validationCode": "512d"},
}  # fmt: skip
UPDATE = {"update_id": 1, "message": {"message_id": 1, "date": 1792494000, "chat": {"id": 5}, "text": "Hi"}}
RECORD = {
    "conversationtranscriptid": "7d0cae1c-0000-4000-8000-000000000001",
    "conversationstarttime": "2026-10-20T11:00:00Z",
    "content": json.dumps({"activities": [activity()]}),
}
OMNICHANNEL = {"created": "2026-10-20T11:00:00Z", "isControlMessage": False, "content": "Hi", "tags": "public"}
WEBEX = {"id": "w", "name": "n", "targetUrl": "u", "resource": "messages", "event": "created", "data": {"id": "m"}}


@pytest.mark.parametrize(
    ("said", "code", "name"),
    [
        (WEBEX, "unread_dialect", "Webex"),
        ({"token": "t", "challenge": "c", "type": "url_verification"}, "foreign_handshake", "challenge of Slack"),
        ({"team_id": "T", "event": {"type": "message"}, "type": "event_callback"}, "unread_dialect", "event of Slack"),
        (b"token=t&team_id=T&command=%2Fhelp&text=a&response_url=u", "unread_dialect", "slash command of Slack"),
        (b"payload=%7B%22type%22%3A%22block_actions%22%7D", "unread_dialect", "interaction of Slack"),
        (b"MessageSid=SM1&From=%2B15550100&Body=Hello", "unread_dialect", "Twilio"),
        ([FACEBOOK, FACEBOOK], "unread_dialect", "Messenger"),
        (FACEBOOK, "unread_dialect", "Messenger"),
        ({"object": "page", "entry": [{"messaging": [FACEBOOK]}]}, "unread_dialect", "webhook of Messenger"),
        ({"destination": "U", "events": []}, "unread_dialect", "LINE"),
        ({"ok": True, "result": [UPDATE]}, "poll_answer", "getUpdates"),
        ({"ok": True, "result": []}, "poll_answer", "getUpdates"),
        ([EVENT_GRID], "event_grid_schema", "own schema"),
        (EVENT_GRID, "event_grid_schema", "own schema"),
        ([VALIDATION], "event_grid_schema", "whether it may post"),
        (RECORD, "transcript_record", "Dataverse"),
        ({"@odata.context": "c", "value": [RECORD]}, "transcript_record", "Dataverse"),
        ([OMNICHANNEL], "unread_dialect", "transcript of Omnichannel"),
        ({"annotationid": "a", "objecttypecode": "msdyn_transcript"}, "unread_dialect", "transcript of Omnichannel"),
    ],
)
def test_what_no_account_reads_is_named_with_what_helps(said: Any, code: str, name: str) -> None:
    # given a body of a vendor whom no account reads, or in a form that none reads
    # when it is diagnosed, also as that of a channel that reads something else
    for diagnosis in (diagnosed(said), diagnosed(said, account_id="contoso-chat", channel_id="webchat")):
        # then it is said what it is, that it is refused, and nothing of a dialect that there is not
        assert diagnosis.dialect is None
        assert diagnosis.is_refused
        found = diagnosis.findings[0]
        assert found.code == code
        assert name in found.reason
        assert "account of" not in found.remedy


def test_what_is_said_to_help_helps() -> None:
    # given what each remedy leaves of such a body: an update by itself, the activities of a record, a CloudEvent
    posted = document("message.posted", {"author": {"role": "customer", "id": "u"}, "text": "Hi"})
    for mended in (UPDATE, RECORD["content"].encode(), posted):
        # when it is diagnosed, then it is read
        assert not diagnosed(mended).is_refused
        assert diagnosed(mended).events


@pytest.mark.parametrize(
    ("said", "dialect", "form"),
    [
        (activity(), "botFramework", "one"),
        ([activity(), activity()], "botFramework", "activitySet"),
        ({"activities": []}, "botFramework", "activitySet"),
        ({"update_id": 1}, "telegram", "one"),
        (document("conversation.ended", {"endedBy": "bot", "reason": "other"}), "cloudEvents", "one"),
        ([{"specversion": "1.0"}], "cloudEvents", "batch"),
        ([], None, None),
        ("hello", None, None),
        ({"hello": 1}, None, None),
    ],
)
def test_the_dialect_is_told_from_the_payload(said: Any, dialect: str | None, form: str | None) -> None:
    diagnosis = diagnosed(said)
    assert (diagnosis.dialect, diagnosis.form) == (dialect, form)


def test_the_only_channel_of_a_dialect_is_assumed() -> None:
    ingress = diagnosed(activity()).channel
    assert ingress is not None
    assert (ingress.account_id, ingress.channel_id, ingress.assumed) == ("contoso-chat", "webchat", True)
    # and one that is named is not assumed
    named = diagnosed(activity(), account_id="contoso-chat", channel_id="webchat")
    assert named.channel is not None
    assert (named.channel.assumed, codes(named)) == (False, ["time_finer_than_microseconds"])


def test_of_several_channels_the_one_of_the_activitys_own_name_is_assumed() -> None:
    # given two Bot Framework channels, of which one is called as the activity calls its own
    channels = [{"id": name, "workStream": "ChatWorkStream"} for name in ("webchat", "directline")]
    configuration = changed(accounts=[{"id": "chat", "dialect": "botFramework", "channels": channels}])
    assumed = diagnosed(activity(), configuration).channel
    assert assumed is not None
    assert assumed.channel_id == "directline"
    # when it calls it otherwise, then none is
    assert diagnosed(activity(channelId="msteams"), configuration).channel is None


def test_a_channel_that_is_not_declared_is_refused() -> None:
    with pytest.raises(UnknownAccount):
        diagnosed(activity(), account_id="contoso-chat", channel_id="gone")


def test_a_payload_of_another_dialect_is_read_as_its_ingress_reads_it() -> None:
    # given an update for an account of activities
    diagnosis = diagnosed({"update_id": 1}, account_id="contoso-chat")
    # then the doctor says whose it is, and what the ingress answers
    assert codes(diagnosis) == ["wrong_dialect", "invalid_activity"]
    assert diagnosis.answer is not None
    assert diagnosis.answer.status == 400


def test_a_tenant_without_such_an_account_is_told() -> None:
    assert codes(diagnosed({"update_id": 1}, small())) == ["no_channel"]


def test_an_escalation_shows_where_it_alone_would_lead() -> None:
    start, escalation = diagnosed(ESCALATION).events
    assert start.leads_to is not None
    assert escalation.leads_to is not None
    assert (start.leads_to.queue, escalation.leads_to.queue) == ("BotQueue", "CreditCardQueue")
    assert escalation.leads_to.rule == "CreditCardRule"


def test_an_escalation_in_a_pick_work_stream_has_no_effect() -> None:
    written = yaml.safe_load((EXAMPLES / "contoso.yaml").read_text(encoding="utf-8"))
    [stream] = written["workStreams"]
    found = codes(diagnosed(ESCALATION, changed(workStreams=[{**stream, "mode": "pick"}])))
    assert "escalation_without_effect" in found


def test_an_escalation_that_a_bot_would_take_is_told() -> None:
    # given a bot that nobody declared, so that nobody knows that it gave the conversation up
    stranger = bot_activity(**{"from": {"id": "28:other", "role": "bot"}}, channelData={"tags": '{"type":"Escalate"}'})
    assert {"unknown_bot", "escalation_to_a_bot"} <= set(codes(diagnosed(stranger)))


@pytest.mark.parametrize(
    ("name", "value", "code", "said"),
    [
        ("Vip", True, "context_value_unusable", "boolean: text or integer only"),
        ("Vip", None, "context_value_unusable", "null"),
        ("Vip", 0.5, "context_value_unusable", "a fraction"),
        ("Vip", [1], "context_value_unusable", "a list"),
        ("Vip", {}, "context_value_unusable", "an object"),
        ("Vip", "x" * 4001, "context_value_unusable", "text of over 4,000 characters"),
        ("bothandofftopic", "CreditCard", "undeclared_variable", "did you mean 'BotHandoffTopic'?"),
        ("Bo-tHandoffTopic", "CreditCard", "undeclared_variable", "did you mean 'BotHandoffTopic'?"),
        ("BotHandoffTopic", "CreditCar", "value_near_miss", "'CreditCard'"),
        ("BotHandoffTopic", 7, "variable_of_another_type", "declared as text"),
        ("Age", "18", "variable_of_another_type", "declared as number"),
    ],
)
def test_a_variable_that_no_rule_sees_is_told_with_its_path(name: str, value: Any, code: str, said: str) -> None:
    escalation = bot_activity(channelData={"tags": {"type": "Escalate", "context": {name: value}}})
    found = {str(one.code): one for one in diagnosed(escalation).findings}
    assert found[code].path == f"channelData.tags.context.{name}"
    assert said in found[code].reason


@pytest.mark.parametrize(
    ("sender", "is_guessed"),
    [({"id": BOT["id"]}, False), ({"id": "ana"}, False), ({"id": "mia"}, True), ({"id": "28:other"}, True)],
)
def test_a_role_is_missing_only_where_nobody_declared_the_sender(sender: dict[str, str], is_guessed: bool) -> None:
    assert ("role_missing" in codes(diagnosed(activity(**{"from": sender})))) == is_guessed


@pytest.mark.parametrize(("smart_assist", "visibility"), [(True, "private"), (False, "public")])
def test_the_doctor_shows_what_a_declared_adviser_says_as_it_is_shown(smart_assist: bool, visibility: str) -> None:
    bots = tuple(replace(bot, smart_assist=smart_assist) for bot in contoso().bots)
    said = bot_activity(channelData={"deliveryMode": "bridged"})
    *_, line = diagnosed(said, replace(contoso(), bots=bots)).events
    assert line.data["visibility"] == visibility


def test_a_start_at_a_channel_that_is_not_declared_is_told() -> None:
    data = {"channel": {"accountId": "contoso-app", "channelId": "gone"}, "customer": {"id": "u"}}
    assert "unknown_channel" in codes(diagnosed(document("conversation.started", data)))


def test_an_event_for_a_thread_of_no_channel_is_refused() -> None:
    channel = {"accountId": "gone", "channelId": "gone", "threadId": "t"}
    event = document("conversation.ended", {"endedBy": "bot", "reason": "other", "channel": channel}, None)
    diagnosis = diagnosed(event)
    assert (codes(diagnosis), diagnosis.is_refused) == (["unknown_account"], True)
    assert diagnosis.answer is not None
    assert diagnosis.answer.status == 404


def test_a_hand_off_of_287_kb_is_taken_and_the_doctor_says_what_becomes_of_it() -> None:
    # given a hand-off whose history is as long as a real one was
    said = [activity(id=f"h{n}", text="x" * 1000) for n in range(230)]
    transcript = {"name": "Transcript", "contentType": "application/json", "content": {"activities": said}}
    hand_off = bot_activity(type="event", name="handoff.initiate", text=None, value={}, attachments=[transcript])
    assert len(json.dumps(hand_off)) > 287_000
    diagnosis = diagnosed(hand_off)
    assert diagnosis.answer is not None
    assert diagnosis.answer.status == 202
    assert [event.data["transcript"] for event in diagnosis.events if event.type == "bot.escalated"] == [230]
    [found] = [one for one in diagnosis.findings if one.code == "kept_apart"]
    assert found.severity == "info"


def test_variables_of_300_kb_are_too_large_and_the_doctor_says_so() -> None:
    # given what routing needs, which is kept apart from no event
    context = {f"Variable{n}": "x" * 4000 for n in range(75)}
    diagnosis = diagnosed(bot_activity(channelData={"tags": json.dumps({"type": "Escalate", "context": context})}))
    assert diagnosis.answer is not None
    assert (diagnosis.answer.status, diagnosis.events) == (413, ())
    [found] = [one for one in diagnosis.findings if one.severity == "error"]
    assert found.code == "event_too_large"
    assert "data.contextVariables" in found.reason


def test_of_a_long_history_each_thing_is_said_once() -> None:
    # given a history of three lines that the bot did not bridge, though it did bridge one
    said = [*(bot_activity(id=f"h{n}", channelData=None) for n in range(3)), bot_activity(id="h3")]
    transcript = {"name": "Transcript", "contentType": "application/json", "content": {"activities": said}}
    hand_off = bot_activity(type="event", name="handoff.initiate", value={}, attachments=[transcript])
    found = [one for one in diagnosed(hand_off).findings if one.code == "not_bridged"]
    assert [one.path for one in found] == ["attachments[0].content.activities[0].channelData.deliveryMode"]
    assert found[0].reason.endswith("(and the same for 2 more lines)")


def test_names_and_channel_data_are_not_shown_and_texts_are_cut() -> None:
    # given a line with a token in its channel data
    line = activity(
        text="x" * 500, channelData={"token": "secret"}, **{"from": {**CUSTOMER, "name": "Zoë"}}, recipient=BOT
    )
    shown = diagnosed(line).model_dump_json(by_alias=True)
    assert "secret" not in shown
    assert "Zoë" not in shown
    assert "x" * 81 not in shown
