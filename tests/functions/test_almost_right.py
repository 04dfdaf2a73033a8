"""What a Bot Framework sender says almost right is neither public nor silent, and what somebody said is a line."""

import json
from typing import Any

import pytest

from shared.diagnosis.diagnose import diagnose
from shared.dialects.registry import WARNINGS
from shared.events.notes import notes_of
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.message_posted import MessagePosted
from tests.builders import contoso, document, history, threaded
from tests.diagnosis.doctor import NOW
from tests.functions.hosts import BOT, CUSTOMER, EVENTS, WEB_CHAT, Host, activity, bot_activity
from tests.seeds import TEXT

ID = threaded()
SUMMARY = "Stolen card, caller verified"
COMMAND = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
BRIDGED = {"deliveryMode": "bridged"}


def tagged(tags: Any, **members: Any) -> dict[str, Any]:
    return bot_activity(text=SUMMARY, channelData={**BRIDGED, "tags": tags}, **members)


def handed_over(*said: dict[str, Any], **value: Any) -> dict[str, Any]:
    """A hand-off with a history."""
    transcript = {"name": "Transcript", "contentType": "application/json", "content": {"activities": list(said)}}
    return bot_activity(type="event", name="handoff.initiate", text=None, value=value, attachments=[transcript])


def invoked(name: str, **value: Any) -> dict[str, Any]:
    return activity(type="invoke", text=None, name=name, value=value)


async def shown(host: Host, *said: Any) -> tuple[dict[str, Any], list[dict[str, Any]], list[dict[str, Any]]]:
    """The conversation after these activities, and its lines for agents and for the customer."""
    for one in said:
        await host.accepted(WEB_CHAT, one)
    await host.drain()
    assert (await host.shown("parked"))["parked"] == []
    lines = [await host.shown(f"conversations/{ID}/transcript", audience=who) for who in ("agent", "customer")]
    return await host.shown(f"conversations/{ID}"), lines[0]["entries"], lines[1]["entries"]


def codes(conversation: dict[str, Any]) -> dict[str, int]:
    return {one["code"]: one["count"] for one in conversation["warnings"]}


@pytest.mark.parametrize(
    "tags",
    [
        json.dumps(COMMAND),
        json.dumps(json.dumps(COMMAND)),
        f"[{COMMAND}]",
        [json.loads(COMMAND)],
        [COMMAND],
        ["Hidden", COMMAND],
        json.dumps([COMMAND]),
        f"OmnichannelContextMessage,{COMMAND}",
        COMMAND.replace('"type"', '"Type"').replace('"context"', '"CONTEXT"'),
        COMMAND.replace('"type"', '" type"'),
        COMMAND.replace("Escalate", " escalate "),
    ],
)
async def test_a_command_is_followed_however_it_is_written(host: Host, tags: Any) -> None:
    # given a bot that escalates, with its summary in a line that it calls bridged
    conversation, agents, customers = await shown(host, activity(id="a0"), tagged(tags))
    # then the escalation has effect, and the customer does not see the summary
    assert conversation["queue"] == "CreditCardQueue"
    assert [(line["text"], line["origin"]) for line in agents] == [(TEXT, "message"), (SUMMARY, "summary")]
    assert [line["text"] for line in customers] == [TEXT]


@pytest.mark.parametrize(
    ("tags", "code"),
    [
        ('{"type":"Escalated"}', "unknown_command"),
        ('{"kind":"Escalate"}', "unknown_command"),
        ('[{"command":"Escalate"}]', "unknown_command"),
        ("{}", "unknown_command"),
        ("Escalate", "unknown_command"),
        ("a, endConversation", "unknown_command"),
        ('{"type":"Escalate"', "tags_unreadable"),
        ("{'type':'Escalate'}", "tags_unreadable"),
        ("Escalates", "unknown_command"),
        ("type: Escalate", "unknown_command"),
        ("Escalate;CreditCard", "unknown_command"),
        ([[[[[[COMMAND]]]]]], "tags_unreadable"),
        ('[{"type":"Escalate"', "tags_unreadable"),
        ('"{\\"type\\":', "tags_unreadable"),
        (["a", '{"type":'], "tags_unreadable"),
        ('a,{"type":', "tags_unreadable"),
    ],
)
async def test_what_looks_like_a_command_and_is_none_is_a_private_line_with_a_warning(
    host: Host, tags: Any, code: str
) -> None:
    conversation, agents, customers = await shown(host, activity(id="a0"), tagged(tags))
    assert [line["text"] for line in agents] == [TEXT, SUMMARY]
    assert [line["text"] for line in customers] == [TEXT]
    assert codes(conversation) == {code: 1}
    # and the list finds the conversation by it
    listed = await host.shown("conversations", warning=code)
    assert [one["key"] for one in listed["conversations"]] == [ID]


@pytest.mark.parametrize(
    "members",
    [
        {"channelData": {**BRIDGED, "tag": COMMAND}},
        {"channelData": {**BRIDGED, "command": json.loads(COMMAND)}},
        {"channelData": BRIDGED, "tags": COMMAND},
        {"channelData": {**BRIDGED, "omnichannel": {"tags": COMMAND}}},
        {"channelData": {**BRIDGED, "data": json.dumps({"tags": COMMAND})}},
        {"channelData": {**BRIDGED, "channelData": {"tags": [json.loads(COMMAND)]}}},
    ],
)
async def test_a_command_where_no_hub_looks_is_a_private_line_with_a_warning(
    host: Host, members: dict[str, Any]
) -> None:
    conversation, _, customers = await shown(host, activity(id="a0"), bot_activity(text=SUMMARY, **members))
    assert [line["text"] for line in customers] == [TEXT]
    assert codes(conversation) == {"member_near_miss": 1}


@pytest.mark.parametrize(
    "data", [{"channelData": {**BRIDGED, "Tags": COMMAND}}, {"ChannelData": {"tags": COMMAND}, "channelData": None}]
)
async def test_channel_data_in_another_case_is_read(host: Host, data: dict[str, Any]) -> None:
    conversation, _, _ = await shown(host, activity(id="a0"), bot_activity(text=SUMMARY, **data))
    assert conversation["queue"] == "CreditCardQueue"


@pytest.mark.parametrize(
    "members", [{"value": json.loads(COMMAND)}, {"value": COMMAND}, {"text": COMMAND}, {"text": f" {COMMAND}\n"}]
)
async def test_a_command_in_what_a_bot_says_is_a_private_line_with_a_warning(
    host: Host, members: dict[str, Any]
) -> None:
    said = bot_activity(**{"text": SUMMARY, "channelData": BRIDGED, **members})
    conversation, agents, customers = await shown(host, activity(id="a0"), said)
    assert (len(agents), [line["text"] for line in customers]) == (2, [TEXT])
    assert codes(conversation) == {"member_near_miss": 1}


@pytest.mark.parametrize("said", ['What does {"type":"Escalate"} mean?', '{"type":"Order"}'])
async def test_what_a_bot_says_about_json_is_public(host: Host, said: str) -> None:
    _, _, customers = await shown(host, activity(id="a0"), bot_activity(text=said))
    assert customers[-1]["text"] == said


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({"tags": "private"}, None),
        ({**BRIDGED, "tags": "Hidden"}, None),
        ({**BRIDGED, "tags": "smartbot"}, None),
        ({**BRIDGED, "tags": COMMAND}, "command_in_update"),
        ({**BRIDGED, "tag": COMMAND}, "member_near_miss"),
        ({}, "not_bridged"),
    ],
)
async def test_an_update_that_is_not_for_the_customer_is_shown_to_agents_alone(
    host: Host, data: dict[str, Any], code: str | None
) -> None:
    # given a line of the bot that the customer saw, and an update of it that is not for the customer
    line = bot_activity(text="One moment")
    update = bot_activity(type="messageUpdate", text=SUMMARY, channelData=data, timestamp="2026-10-20T11:02:00Z")
    conversation, agents, customers = await shown(host, activity(id="a0"), line, update)
    # then the customer's copy keeps what the customer saw, and the agents' has both
    assert (agents[-1]["text"], [change["was"] for change in agents[-1]["changes"]]) == (SUMMARY, ["One moment"])
    assert (customers[-1]["text"], "changes" in customers[-1]) == ("One moment", False)
    assert codes(conversation) == ({code: 1} if code else {})


async def test_an_update_of_what_a_bot_speaks_or_offers_is_shown(host: Host) -> None:
    update = bot_activity(type="messageUpdate", text="", speak="Until eight", timestamp="2026-10-20T11:02:00Z")
    _, _, customers = await shown(host, activity(id="a0"), bot_activity(text="Until seven"), update)
    assert customers[-1]["text"] == "Until eight"


async def test_labels_in_json_are_labels(host: Host) -> None:
    hidden = [tagged('["a", "Hidden"]', id="a3"), tagged("a;Private", id="a4"), tagged("hidden|a", id="a5")]
    _, _, customers = await shown(host, activity(id="a0"), tagged('["a", "b"]'), *hidden)
    assert [line["id"] for line in customers] == ["a0", "a2"]


@pytest.mark.parametrize(
    "name", ["handoffInitiate", "handoff-initiate", " handoff.initiate", "handoff.initate", "Escalate"]
)
async def test_an_event_that_is_named_almost_like_a_hand_off_is_a_private_line_with_a_warning(
    host: Host, name: str
) -> None:
    almost = bot_activity(type="event", name=name, text=None, value={"MessageToAgent": SUMMARY})
    conversation, agents, customers = await shown(host, activity(id="a0"), almost)
    # then the agent sees what the bot wanted to hand over, nothing is handed over, and somebody is told
    assert (agents[1]["extra"]["value"], agents[1]["extra"]["name"]) == ({"MessageToAgent": SUMMARY}, name)
    assert len(customers) == 1
    assert (conversation["queue"], codes(conversation)) == ("BotQueue", {"name_near_miss": 1})


async def test_of_what_is_almost_a_hand_off_nobody_is_told_to_show_it_to_the_customer(host: Host) -> None:
    # given an event that says nothing of the customer, as hand-offs do
    almost = bot_activity(type="event", name="handoffInitiate", text=None, value={"Topic": "Card"}, channelData=None)
    conversation, _, customers = await shown(host, activity(id="a0"), almost)
    # then its name alone is a warning
    assert codes(conversation) == {"name_near_miss": 1}
    assert len(customers) == 1


async def test_a_type_in_another_case_is_read_and_another_near_miss_is_told(host: Host) -> None:
    # given lines of almost the type of a message
    said = [activity(type=kind, id=kind) for kind in ("Message", "message ", "mesage")]
    conversation, agents, _ = await shown(host, *said)
    # then what was said is a line
    assert len(agents) == 3
    assert codes(conversation) == {"type_near_miss": 3}
    # and a near miss of another type is ignored by name
    receipt = await host.accepted(WEB_CHAT, activity(type="endOfConversations", id="a3"))
    assert [one["code"] for one in receipt["ignored"]] == ["type_near_miss"]


@pytest.mark.parametrize(
    ("said", "code", "severity"),
    [
        ({"type": "wibble"}, "activity_not_understood", "warning"),
        ({"type": "wibble", "text": None, "attachments": [{"name": "a.png"}]}, "activity_not_understood", "warning"),
        ({"type": "wibble", "text": None}, "activity_without_meaning", "info"),
        ({"type": "Typing"}, "activity_without_meaning", "info"),
    ],
)
async def test_what_is_said_in_an_activity_that_is_not_understood_is_a_warning(
    host: Host, said: dict[str, Any], code: str, severity: str
) -> None:
    receipt = await host.accepted(WEB_CHAT, activity(**said))
    assert [one["code"] for one in receipt["ignored"]] == [code]
    diagnosis = diagnose(history(contoso()), json.dumps(activity(**said)).encode(), NOW)
    assert [(one.code, one.severity) for one in diagnosis.ignored] == [(code, severity)]


async def test_a_type_that_is_almost_that_of_a_hand_off_is_a_private_line_with_a_warning(host: Host) -> None:
    almost = bot_activity(type="hand-off", text=None, value={"MessageToAgent": SUMMARY})
    conversation, agents, customers = await shown(host, activity(id="a0"), almost)
    assert (len(agents), len(customers)) == (2, 1)
    assert codes(conversation) == {"name_near_miss": 1}


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (tagged('{"type":"Escalate","contexts":{"A":1}}'), "command_member_unknown"),
        (tagged('{"type":"Escalate","contextVariable":{"A":1}}'), "command_member_unknown"),
        (handed_over(contextVariable={"A": 1}), "member_near_miss"),
        (handed_over(MessageToAgents="a"), "member_near_miss"),
    ],
)
async def test_near_misses_of_members_of_a_hand_off_are_warned_of(host: Host, said: dict[str, Any], code: str) -> None:
    conversation, _, _ = await shown(host, activity(id="a0"), said)
    assert code in codes(conversation)


@pytest.mark.parametrize(
    ("event_type", "data", "path"),
    [
        ("bot.escalated", {"botId": "contoso-bot", "contextVariable": {"A": 1}}, "data.contextVariable"),
        ("conversation.started", {"contextVariable": {"A": 1}}, "data.contextVariable"),
        ("conversation.started", {"workstreamId": "ChatWorkStream"}, "data.workstreamId"),
        ("conversation.started", {"customer": {"id": "u", "nam": "Ana"}}, "data.customer.nam"),
        ("message.posted", {"author": {"role": "bot", "id": "x", "smartAsist": True}}, "data.author.smartAsist"),
        ("message.posted", {"author": {"role": "customer", "id": "u"}, "visiblity": "private"}, "data.visiblity"),
        ("conversation.ended", {"endedBy": "bot", "reason": "other", "notes": "x"}, "data.notes"),
    ],
)  # fmt: skip
async def test_an_unknown_member_of_an_event_is_a_warning_in_the_doctors_words(
    host: Host, event_type: str, data: dict[str, Any], path: str
) -> None:
    # given an event with a member that nothing reads
    channel = {"accountId": "contoso-app", "channelId": "app"}
    usual = {"channel": channel, "customer": {"id": "u"}} if event_type == "conversation.started" else {}
    event = document(event_type, {**usual, **data}, at="2026-10-20T11:00:00Z")
    start = document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at="2026-10-20T10:00:00Z")
    # when it is published, then the conversation and the doctor say the same of it
    await host.accepted(EVENTS, [start, event])
    await host.drain()
    [warning] = [one for one in (await host.shown("conversations/c1"))["warnings"] if one["code"] == "unknown_member"]
    found = diagnose(history(contoso()), json.dumps(event).encode(), NOW).findings
    [finding] = [one for one in found if one.code == "unknown_member"]
    assert (finding.path, warning["detail"]) == (path, f"{path}: {finding.remedy}")


@pytest.mark.parametrize(
    ("members", "seen"),
    [
        ({"visiblity": "private"}, []),
        ({"Visibility": "Private"}, []),
        ({"visibilty": None}, []),
        ({"visibilty": "public"}, ["said", "told"]),
        ({"visibilty": "private", "visibility": "public"}, ["said", "told"]),
        ({"visits": "private"}, ["said", "told"]),
    ],
)
async def test_what_is_almost_private_the_customer_does_not_see(
    host: Host, members: dict[str, Any], seen: list[str]
) -> None:
    # given a line of an agent, and one of a history, that are private but for a typo
    channel = {"accountId": "contoso-app", "channelId": "app"}
    start = document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at="2026-10-20T10:00:00Z")
    line = {"author": {"role": "agent", "id": "ana"}, "text": "said", **members}
    told = {"author": {"role": "bot", "id": "contoso-bot"}, "text": "told", "time": "2026-10-20T10:30:00Z", **members}
    hand_over = document(
        "bot.escalated", {"botId": "contoso-bot", "transcript": [told]}, at="2026-10-20T10:40:00Z", event_id="e3"
    )
    await host.accepted(EVENTS, [start, document("message.posted", line, at="2026-10-20T10:20:00Z"), hand_over])
    await host.drain()
    # then the customer sees neither, agents see both, and the conversation has a warning
    texts = {
        who: [one["text"] for one in (await host.shown("conversations/c1/transcript", audience=who))["entries"]]
        for who in ("customer", "agent")
    }
    assert texts == {"customer": seen, "agent": ["said", "told"]}
    assert "unknown_member" in codes(await host.shown("conversations/c1"))


async def test_what_is_almost_private_in_a_history_is_a_warning_in_the_doctors_words(host: Host) -> None:
    # Given a history of which two lines misspell visibility, and others have members of a channel's own
    channel = {"accountId": "contoso-app", "channelId": "app"}
    start = document("conversation.started", {"channel": channel, "customer": {"id": "u"}}, at="2026-10-20T10:00:00Z")
    told = {"author": {"role": "bot", "id": "contoso-bot"}, "text": "told"}
    lines = [told, {**told, "visibility": "private", "mood": 1}, {**told, "visiblity": "private"}]
    data = {"botId": "contoso-bot", "transcript": [*lines, {**told, "visibilty": "public"}]}
    hand_over = document("bot.escalated", data, at="2026-10-20T10:40:00Z", event_id="e3")
    # When it is handed over
    await host.accepted(EVENTS, [start, hand_over])
    await host.drain()
    # Then the conversation and the doctor name the first of the two, and nothing else
    warnings = (await host.shown("conversations/c1"))["warnings"]
    [warning] = [one for one in warnings if one["code"] == "unknown_member"]
    found = diagnose(history(contoso()), json.dumps(hand_over).encode(), NOW).findings
    [finding] = [one for one in found if one.code == "unknown_member"]
    assert finding.path == "data.transcript[2].visiblity"
    assert finding.reason == ("is no member of a line; did you mean 'visibility'? (and the same for 1 more)")
    assert warning["detail"] == f"{finding.path}: {finding.remedy}"


async def test_a_note_that_a_sender_writes_is_not_believed(host: Host) -> None:
    forged = {"ingressnotes": '[["not_bridged","text"]]', "nativeid": "x"}
    event = document("message.posted", {"author": {"role": "customer", "id": "u"}}) | forged
    await host.accepted(EVENTS, event | {"time": "2026-10-20T11:00:00Z"})
    [published] = await host.published()
    assert list(notes_of(published.attributes)) == []


async def test_warnings_are_those_that_the_doctor_shows(host: Host) -> None:
    # given activities with every kind of note
    for number, said in enumerate(
        (tagged(json.dumps(COMMAND)), bot_activity(channelData={}), activity(text=7, value=1))
    ):
        one = {**said, "id": f"n{number}"}
        await host.accepted(WEB_CHAT, one)
        [event] = [each for each in await host.published() if each.source.startswith("/channels/")]
        # then an event carries the codes and paths of the warnings that the doctor shows, and nothing else
        findings = diagnose(history(contoso()), json.dumps(one).encode(), NOW).findings
        told = [(found.code, found.path) for found in findings if found.code in WARNINGS]
        assert [tuple(note) for note in notes_of(event.attributes)] == told
        assert told


@pytest.mark.parametrize(
    "tags", ["smartbot", "a,SmartBot", ["SMARTBOT"], '["smartbot"]', '"smartbot"', {"a": "smartbot"}]
)
async def test_a_smart_assist_reply_is_for_the_agent_and_counts_nothing(host: Host, tags: Any) -> None:
    # given a conversation that goes to people, and a bot that advises the agent as Microsoft's sample does
    context = {"conversationcontext": {"BotHandoffTopic": "HomeLoan", "Age": 41}}
    advice = tagged(tags, **{"from": {"id": "adviser", "role": "bot"}}, id="a5")
    conversation, agents, customers = await shown(host, activity(id="a0", channelData=context), advice)
    assert conversation["botSession"] is None
    assert [line["visibility"] for line in agents] == ["public", "private"]
    assert len(customers) == 1


@pytest.mark.parametrize(
    ("members", "begins"),
    [
        ([BOT], False),
        ([{"id": BOT["id"]}], False),
        ([{"id": "contoso-bot"}], False),
        ([{"id": "other", "role": "bot"}], False),
        ([{"id": "ana", "name": "Ana"}], False),
        ([{"id": "29:x", "aadObjectId": "ana"}], False),
        ([{"id": "dora", "role": "agent"}], False),
        ([{}], False),
        ([7], False),
        ("x", False),
        ([BOT, CUSTOMER], True),
        ([{"id": "customer-1"}], True),
    ],
)
async def test_nothing_begins_until_a_customer_joins(host: Host, members: Any, begins: bool) -> None:
    joined = activity(type="conversationUpdate", text=None, membersAdded=members, **{"from": {"id": "thread-1"}})
    receipt = await host.accepted(WEB_CHAT, joined)
    assert bool(receipt["accepted"]) == begins
    assert bool(await host.published()) == begins


async def test_a_bots_greeting_begins_a_conversation(host: Host) -> None:
    conversation, _, _ = await shown(
        host, activity(type="conversationUpdate", text=None, membersAdded=[BOT]), bot_activity()
    )
    assert conversation["botSession"]["bots"] == ["contoso-bot"]


async def test_a_closing_hand_off_with_a_history_and_nothing_live_is_a_conversation_that_ended(host: Host) -> None:
    # given a bot of which only its hand-off comes here, and which asks to close the conversation
    said = [
        activity(id="h1", timestamp="2026-10-20T10:59:00Z"),
        bot_activity(id="h2", timestamp="2026-10-20T10:59:01Z"),
    ]
    closing = handed_over(
        *said, MessageToAgent=SUMMARY, CloseOmnichannelConversation=True, BotHandoffTopic="CreditCard"
    )
    # when it comes twice
    conversation, agents, customers = await shown(host, closing, closing)
    # then it began, ended, counts, escalated nothing, and keeps history, summary and variables
    assert (conversation["state"], conversation["closedBy"], conversation["escalatedAt"]) == ("closed", "bot", None)
    assert (conversation["startedAt"], conversation["workStream"]) == (conversation["closedAt"], "ChatWorkStream")
    assert conversation["contextVariables"]["BotHandoffTopic"] == "CreditCard"
    assert [line["origin"] for line in agents] == ["botHistory", "botHistory", "summary"]
    assert [line["id"] for line in customers] == ["h1", "h2"]
    assert (await host.shown("usage/2026-10"))["counted"] == 1
    assert len((await host.shown("conversations"))["conversations"]) == 1


async def test_each_closing_hand_off_of_a_thread_is_one_conversation_however_often_it_comes(
    host: Host,
) -> None:
    # given two conversations of one thread, of which only the closing hand-offs come, and each of them again
    rounds = [
        handed_over(activity(id=f"h{n}"), CloseOmnichannelConversation=True)
        | {"id": f"e{n}", "timestamp": f"2026-10-20T11:{n:02}:00Z"}
        for n in (10, 20)
    ]
    for one in (*rounds, *rounds):
        await shown(host, one)
    # then there are two conversations, each counted once
    assert (await host.shown("usage/2026-10"))["counted"] == 2
    assert len((await host.shown("conversations"))["conversations"]) == 2


async def test_a_closing_hand_off_without_a_history_begins_nothing(host: Host) -> None:
    await host.accepted(WEB_CHAT, handed_over(CloseOmnichannelConversation=True))
    assert [event.type for event in await host.published()] == ["conversation.ended"]


async def test_a_closing_hand_off_of_a_live_conversation_ends_that_one(host: Host) -> None:
    said = [activity(id="a0"), bot_activity(id="a1", timestamp="2026-10-20T11:00:01Z")]
    closing = handed_over(*said, CloseOmnichannelConversation=True) | {"timestamp": "2026-10-20T11:00:05Z"}
    conversation, agents, _ = await shown(host, *said, closing)
    assert (conversation["state"], [line["id"] for line in agents]) == ("closed", ["a0", "a1"])
    assert (await host.shown("usage/2026-10"))["counted"] == 1


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"value": {"code": "userCancelled"}}, ("customer", "abandoned")),
        ({"value": {"code": "completedSuccessfully"}}, ("bot", "resolved")),
        ({"code": "channelFailed", "value": {"code": "userCancelled"}}, ("bot", "disconnected")),
        ({"code": " UserCancelled"}, ("customer", "abandoned")),
    ],
)
async def test_an_end_has_the_reason_of_its_code_wherever_it_stands(
    host: Host, members: dict[str, Any], expected: tuple[str, str]
) -> None:
    end = bot_activity(type="endOfConversation", id="e1", text=None, timestamp="2026-10-20T11:00:05Z", **members)
    conversation, _, _ = await shown(host, activity(id="a0"), end)
    assert (conversation["closedBy"], conversation["closedReason"]) == expected


@pytest.mark.parametrize(
    "content",
    [
        lambda said: json.dumps({"activities": said}),
        json.dumps,
        lambda said: {"activities": json.dumps(said)},
        lambda said: {"Activities": said},
    ],
)
async def test_a_transcript_gives_its_lines_however_it_is_written(host: Host, content: Any) -> None:
    hand_off = handed_over()
    hand_off["attachments"][0]["content"] = content([activity(id="h1"), bot_activity(id="h2")])
    _, agents, _ = await shown(host, hand_off)
    assert [line["id"] for line in agents] == ["h1", "h2"]


async def test_a_transcript_in_a_data_url_gives_its_lines(host: Host) -> None:
    hand_off = handed_over()
    [attachment] = hand_off["attachments"]
    del attachment["content"]
    attachment["contentUrl"] = "data:application/json," + json.dumps({"activities": [activity(id="h1")]})
    _, agents, _ = await shown(host, hand_off)
    assert [line["id"] for line in agents] == ["h1"]


@pytest.mark.parametrize("content", ["{", "hello", {"lines": []}, 7, {"activities": "["}])
async def test_a_transcript_that_gives_no_line_is_a_warning(host: Host, content: Any) -> None:
    hand_off = handed_over()
    hand_off["attachments"][0]["content"] = content
    conversation, _, _ = await shown(host, hand_off)
    assert "transcript_unreadable" in codes(conversation)


@pytest.mark.parametrize("kind", ["Message", "mesage", "message ", None])
async def test_a_line_of_a_history_is_shown_whose_type_is_almost_that_of_a_message(
    host: Host, kind: str | None
) -> None:
    conversation, agents, _ = await shown(host, handed_over(activity(id="h1", type=kind), activity(id="h2")))
    assert [line["id"] for line in agents] == ["h1", "h2"]
    assert codes(conversation) == {"type_near_miss": 1}


async def test_a_history_of_a_bot_that_never_bridges_is_what_the_customer_saw(host: Host) -> None:
    said = [
        activity(id="h1"),
        bot_activity(id="h2", channelData=None),
        bot_activity(id="h3", channelData={"tags": "Hidden"}),
        bot_activity(id="h4", channelData=None, text=SUMMARY),
        bot_activity(id="h5", channelData={"tags": "smartbot"}),
        bot_activity(id="h6", channelData={"tags": COMMAND}),
    ]
    conversation, agents, customers = await shown(host, handed_over(*said, MessageToAgent=SUMMARY))
    assert [line["id"] for line in customers] == ["h1", "h2"]
    assert len(agents) == 7
    assert "not_bridged" not in codes(conversation)


async def test_a_history_in_which_one_line_is_bridged_hides_the_others(host: Host) -> None:
    said = [bot_activity(id="h1", channelData=None), bot_activity(id="h2")]
    _, _, customers = await shown(host, handed_over(*said))
    assert [line["id"] for line in customers] == ["h2"]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (bot_activity(text="", speak="<speak>Hello &amp; <b>hi</b></speak>"), "Hello & hi"),
        (bot_activity(text=None, suggestedActions={"actions": [{"title": "Yes"}, {"title": "No"}]}), "[Yes] [No]"),
        (activity(text=None, value="yes"), "yes"),
        (activity(text=None, value={"choice": "Card", "age": 41}), "choice: Card, age: 41"),
        (invoked("adaptiveCard/action", action={"data": {"day": "Monday"}}), "day: Monday"),
        (invoked("adaptiveCard/action", action={"title": "Book"}), "Book"),
        (invoked("message/submitAction", actionName="feedback", actionValue={"reaction": "like"}), "reaction: like"),
        (invoked("own/form", a="b"), "a: b"),
    ],
)  # fmt: skip
async def test_whatever_somebody_saw_or_said_is_a_line(host: Host, said: dict[str, Any], text: str) -> None:
    _, _, customers = await shown(host, said)
    assert [line["text"] for line in customers] == [text]


@pytest.mark.parametrize("name", ["task/fetch", "composeExtension/query", "signin/verifyState", "signin/tokenExchange"])
async def test_an_invoke_by_which_nobody_says_anything_is_no_line(host: Host, name: str) -> None:
    receipt = await host.accepted(WEB_CHAT, activity(type="invoke", text=None, name=name, value={"state": "123456"}))
    assert (receipt["accepted"], len(receipt["ignored"])) == ([], 1)


async def test_a_line_that_the_client_sends_again_is_one_line(host: Host) -> None:
    # given a line that comes again with another id and time, but as the same to its client
    client = {"clientActivityID": "16481698424364zrf"}
    first = activity(id="a1", channelData=client)
    again = activity(id="a2", channelData=client, timestamp="2026-10-20T11:00:07Z")
    answer = bot_activity(id="a3", timestamp="2026-10-20T11:00:08Z", replyToId="a1")
    _, agents, _ = await shown(host, first, again, answer)
    # then it is one line, under the channel's own id of the copy that came first
    assert [(line["id"], line["time"]) for line in agents] == [("a1", first["timestamp"]), ("a3", answer["timestamp"])]
    # and a history that has it tells it no second time
    _, agents, _ = await shown(host, {**handed_over(first, again), "id": "a4", "timestamp": "2026-10-20T11:00:09Z"})
    assert [line["id"] for line in agents if line["origin"] != "summary"] == ["a1", "a3"]


async def test_a_line_that_the_client_sends_again_after_the_end_begins_no_conversation(host: Host) -> None:
    # given a line that ends the conversation, and whose client never learned that it arrived
    client = {"clientActivityID": "16481698424364zrf"}
    bye = activity(id="a1", text="bye", channelData=client)
    end = bot_activity(id="a2", type="endOfConversation", timestamp="2026-10-20T11:00:02Z")
    again = activity(id="a3", text="bye", channelData=client, timestamp="2026-10-20T11:00:07Z")
    for said in (bye, end):
        await host.accepted(WEB_CHAT, said)
        await host.drain()
    # when it comes again, then it is one line of one conversation
    _, agents, _ = await shown(host, again)
    assert [line["id"] for line in agents if line["text"] == "bye"] == ["a1"]
    assert len((await host.shown("conversations"))["conversations"]) == 1
    # and what the customer says next begins another one
    client["clientActivityID"] = "b"
    await host.accepted(WEB_CHAT, activity(id="a4", channelData=client, timestamp="2026-10-20T11:01:00Z"))
    await host.drain()
    assert len((await host.shown("conversations"))["conversations"]) == 2


async def test_lines_of_other_client_ids_are_two_lines(host: Host) -> None:
    said = [activity(id=f"a{n}", channelData={"clientActivityID": f"c{n}"}) for n in (1, 2)]
    _, agents, _ = await shown(host, *said)
    assert len(agents) == 2


async def test_a_name_and_a_locale_that_come_with_a_later_line_reach_the_customer(host: Host) -> None:
    # given a customer whose first line has no name, and whose second one has
    first = activity(id="a1", **{"from": {"id": "customer-1", "role": "user"}})
    second = activity(id="a2", locale="cs-CZ", timestamp="2026-10-20T11:00:05Z")
    conversation, _, _ = await shown(host, first, second)
    assert conversation["customer"] == {"id": "customer-1", "name": "Zoë", "locale": "cs-CZ"}


async def test_a_name_that_comes_later_reaches_a_telegram_customer(host: Host) -> None:
    chat = {"id": 4711}
    for number, sender in enumerate(({"id": 4711}, {"id": 4711, "first_name": "Zoë"}), start=1):
        message = {"message_id": number, "date": 1792494000 + number, "chat": chat, "from": sender, "text": "Hi"}
        path = "/api/tenants/contoso/channels/contoso-telegram/telegram"
        await host.accepted(path, {"update_id": number, "message": message})
    await host.drain()
    [conversation] = (await host.shown("conversations"))["conversations"]
    assert conversation["customer"]["name"] == "Zoë"


SECRET = "eyJhbGciOiJIUzI1NiJ9"
JWT = f"{SECRET}.eyJzdWIiOiIxMjM0In0.s"
OAUTH = {
    "contentType": "application/vnd.microsoft.card.oauth",
    "content": {"connectionName": SECRET, "tokenExchangeResource": {"uri": SECRET}, "buttons": [{"value": SECRET}]},
}
ADAPTIVE = {
    "contentType": "application/vnd.microsoft.card.adaptive",
    "content": {
        "body": [],
        "authentication": {"connectionName": SECRET, "buttons": [{"type": "signin", "value": SECRET}]},
    },
}


@pytest.mark.parametrize(
    "said",
    [
        bot_activity(attachments=[OAUTH]),
        bot_activity(attachments=[{**OAUTH, "contentType": "application/vnd.microsoft.card.signin"}]),
        bot_activity(attachments=[ADAPTIVE]),
        bot_activity(suggestedActions={"actions": [{"type": "signin", "title": "Sign in", "value": SECRET}]}),
        activity(value={"accessToken": SECRET}),
        activity(value={"a": [{"id_token": SECRET}]}),
        activity(value=json.dumps({"token": SECRET})),
        activity(value={"Authorization": SECRET}),
        activity(value=JWT, text="Here"),
        activity(value={"answer": [f"Bearer {JWT}"]}),
        activity(channelData={"conversationcontext": {"accessToken": SECRET}}),
        bot_activity(text=None, suggestedActions={"actions": [{"title": "No"}, {"type": "signin", "value": SECRET}]}),
        activity(type="invoke", text=None, name="adaptiveCard/action", value={"state": SECRET, "a": 1}),
        activity(
            type="invoke", text=None, name="adaptiveCard/action", value={"authentication": {"token": SECRET}, "a": 1}
        ),
        handed_over(bot_activity(id="h1", attachments=[OAUTH]), activity(id="h2", value={"token": SECRET})),
        handed_over(AuthToken=SECRET),
        handed_over(Context={"User.AccessToken": SECRET}),
        tagged(json.dumps({"type": "Escalate", "context": {"token": SECRET}})),
    ],
)
async def test_what_a_sign_in_brings_is_stored_nowhere_and_told(host: Host, said: dict[str, Any]) -> None:
    # when a card that asks for a sign-in comes, or a token
    await host.accepted(WEB_CHAT, said)
    # then no event holds it
    events = await host.published()
    assert all(SECRET not in event.to_json() for event in events)
    # and the event, and with it the conversation, says so
    assert "sign_in" in {note.code for event in events for note in notes_of(event.attributes)}
    assert any(isinstance(event, MessagePosted | BotEscalated) for event in events)


@pytest.mark.parametrize(
    "said",
    [
        activity(type="event", text=None, name="tokens/response", value={"token": SECRET}),
        activity(type="invoke", text=None, name="signin/verifyState", value={"state": SECRET}),
        activity(type="invoke", text=None, name="signin/tokenExchange", value={"token": SECRET}),
    ],
)
async def test_an_activity_of_a_sign_in_is_no_event_and_told(host: Host, said: dict[str, Any]) -> None:
    receipt = await host.accepted(WEB_CHAT, said)
    assert [one["code"] for one in receipt["ignored"]] == ["sign_in"]
    assert await host.published() == []


async def test_numbers_that_are_called_after_tokens_stay(host: Host) -> None:
    _, agents, _ = await shown(host, activity(value={"maxTokens": 100}))
    assert agents[0]["extra"]["value"] == {"maxTokens": 100}
