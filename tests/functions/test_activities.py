"""Each kind of Bot Framework activity becomes the events that it means, and a conversation that shows them."""

import logging
from datetime import timedelta
from typing import Any

import pytest

from shared.events.catalog import Event
from shared.events.notes import notes_of
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.message_posted import MessagePosted
from tests.builders import threaded
from tests.functions.hosts import BOT, CUSTOMER, WEB_CHAT, Host, activity, bot_activity, paths
from tests.seeds import TEXT

ESCALATE = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard","Age":18}}'
END = '{"type":"EndConversation"}'
ID = threaded()


async def events_of(host: Host, *activities: dict[str, Any]) -> list[Event]:
    """The events that the activities put on the bus."""
    for one in activities:
        await host.accepted(WEB_CHAT, one)
    return await host.published()


async def begun(host: Host) -> None:
    """A conversation that the customer has begun, with nothing on the bus."""
    await host.accepted(WEB_CHAT, activity(id="a0", timestamp="2026-10-20T10:59:00Z"))
    await host.drain()


async def test_a_first_message_begins_a_conversation_and_is_its_first_line(host: Host) -> None:
    # When the customer says something in a thread that nobody knows
    receipt = await host.accepted(WEB_CHAT, activity(locale="en-US", replyToId="a0", textFormat="plain"))
    # Then its events are named, and the conversation that they belong to
    assert receipt["accepted"] == ["started:2026-10-20T11:00:00.123456Z", "a1"]
    assert receipt["conversation"] == {"conversationId": ID, "key": ID}
    start, line = await host.published()
    assert isinstance(start, ConversationStarted)
    assert (start.subject, start.data.customer.id, start.data.customer.locale) == (ID, "customer-1", "en-US")
    # and the line has the sender's own time and text, and how it was shown
    assert isinstance(line, MessagePosted)
    assert (line.subject, line.time, line.data.text) == (ID, "2026-10-20T11:00:00.1234567Z", TEXT)
    assert (line.data.author.role, line.data.author.name, line.data.visibility) == ("customer", "Zoë", "public")
    assert line.data.model_extra == {"replyToId": "a0", "textFormat": "plain", "locale": "en-US"}


async def test_members_who_join_begin_a_conversation_before_anybody_speaks(host: Host) -> None:
    joined = activity(type="conversationUpdate", id="j1", text=None, membersAdded=[CUSTOMER, BOT])
    (event,) = await events_of(host, joined)
    assert isinstance(event, ConversationStarted)
    # and joining again changes nothing, and says so
    receipt = await host.accepted(WEB_CHAT, {**joined, "id": "j2"})
    assert (receipt["accepted"], len(receipt["ignored"])) == ([], 1)


@pytest.mark.parametrize(
    ("context", "variables"),
    [
        ({"Context": {"BotHandoffTopic": "HomeLoan", "Age": 41}}, {"BotHandoffTopic": "HomeLoan", "Age": 41}),
        ({"Skill": "credit cards"}, {"Skill": "credit cards"}),
        ({"va_Scope": "bot", "BotHandoffTopic": "CreditCard"}, {"va_Scope": "bot", "BotHandoffTopic": "CreditCard"}),
        (None, {}),
        ([], {}),
    ],
)
async def test_a_hand_off_is_an_escalation(host: Host, context: Any, variables: dict[str, Any]) -> None:
    # Given a hand-off with whatever its hub puts into `value`, and the bot's own history
    said = [activity(id="h1", text="I need help"), bot_activity(id="h2", text="One moment"), {"type": "trace"}]
    history = {"contentType": "application/json", "name": "Transcript", "content": {"activities": said}}
    value = {**context, "MessageToAgent": "a loan"} if isinstance(context, dict) else context
    handoff = bot_activity(type="event", name="handoff.initiate", text=None, value=value, attachments=[history])
    # Then it is the bot's escalation, with variables, summary and the lines of the history
    _, event = await events_of(host, handoff)
    assert isinstance(event, BotEscalated)
    assert (event.id, event.data.bot_id, event.data.context_variables) == ("a2#escalate", "contoso-bot", variables)
    assert event.data.summary == ("a loan" if isinstance(context, dict) else None)
    assert [(line.id, line.author.role, line.text) for line in event.data.transcript] == [
        ("h1", "customer", "I need help"),
        ("h2", "bot", "One moment"),
    ]


@pytest.mark.parametrize(
    ("code", "sender", "expected"),
    [
        (None, BOT, ("bot", "resolved")),
        ("completedSuccessfully", BOT, ("bot", "resolved")),
        ("userCancelled", CUSTOMER, ("customer", "abandoned")),
        ("userCancelled", BOT, ("customer", "abandoned")),
        ("botTimedOut", BOT, ("bot", "disconnected")),
        ("botIssuedInvalidMessage", BOT, ("bot", "other")),
        ("unknown", BOT, ("bot", "other")),
        ("channelFailed", CUSTOMER, ("customer", "disconnected")),
        ("somethingElse", BOT, ("bot", "other")),
    ],
)
async def test_an_end_closes_the_conversation_with_who_and_why(
    host: Host, code: str | None, sender: dict[str, str], expected: tuple[str, str]
) -> None:
    # Given a conversation
    await begun(host)
    # When it ends
    end = activity(type="endOfConversation", **{"from": sender}, code=code, text=None, id="e1")
    (event,) = await events_of(host, end)
    assert isinstance(event, ConversationEnded)
    assert (event.id, event.subject) == ("e1#end", ID)
    assert (event.data.ended_by, event.data.reason) == expected


async def test_an_end_of_nothing_begins_nothing(host: Host) -> None:
    (event,) = await events_of(host, activity(type="endOfConversation", text=None))
    assert isinstance(event, ConversationEnded)


@pytest.mark.parametrize("tags", ["{not json", '{"type":"Escalate","context":{"A":NaN}}'])
async def test_a_command_of_broken_json_makes_a_private_line(host: Host, tags: str) -> None:
    # Given a bot whose command cannot be read, and that would be seen if it were taken for a label
    await begun(host)
    (line,) = await events_of(host, bot_activity(channelData={"tags": tags, "deliveryMode": "bridged"}))
    # Then the line is for the agent alone, with a warning
    assert isinstance(line, MessagePosted)
    assert line.data.visibility == "private"
    assert [note.code for note in notes_of(line.attributes)] == ["tags_unreadable"]


@pytest.mark.parametrize(
    "tags",
    ["ChannelId-lcw,OmnichannelContextMessage", "", '["a", "b"]', ["a"], [], 7, None],
)
async def test_tags_that_are_no_command_leave_a_message_a_message(host: Host, tags: Any) -> None:
    await begun(host)
    (line,) = await events_of(host, bot_activity(channelData={"tags": tags, "deliveryMode": "bridged"}))
    assert isinstance(line, MessagePosted)
    assert line.data.visibility == "public"


@pytest.mark.parametrize(("kind", "command"), [(True, False), (False, False), (0, True), ("Escalate", True)])
async def test_only_names_and_numbers_are_commands(host: Host, kind: Any, command: bool) -> None:
    await begun(host)
    (event,) = await events_of(host, bot_activity(channelData={"tags": {"type": kind, "context": {}}}))
    assert isinstance(event, BotEscalated) == command


async def test_a_command_of_the_customers_is_only_words(host: Host) -> None:
    await begun(host)
    (line,) = await events_of(host, activity(channelData={"tags": ESCALATE}))
    assert isinstance(line, MessagePosted)


@pytest.mark.parametrize(
    ("said", "visibility"),
    [
        (bot_activity(), "public"),
        (bot_activity(channelData={}), "private"),
        (bot_activity(channelData={"deliveryMode": "bridged", "tags": "a, Hidden"}), "private"),
        (activity(channelData={"tags": "Private"}), "private"),
        (activity(), "public"),
    ],
)
async def test_who_sees_a_line(host: Host, said: dict[str, Any], visibility: str) -> None:
    await begun(host)
    (line,) = await events_of(host, said)
    assert isinstance(line, MessagePosted)
    assert line.data.visibility == visibility


@pytest.mark.parametrize(
    ("sender", "role"),
    [
        ({"id": "x", "role": 0}, "bot"),
        ({"id": "x", "role": 1}, "customer"),
        ({"id": "x", "role": "bot"}, "bot"),
        ({"id": "x", "role": "User"}, "customer"),
        ({"id": "ana", "role": "agent"}, "agent"),
        (BOT | {"role": None}, "bot"),
        ({"id": "7D0CAE1C-0000-4000-8000-000000000001"}, "bot"),
        ({"id": "x"}, "customer"),
        ({}, "customer"),
        (None, "customer"),
    ],
)
async def test_who_speaks(host: Host, sender: Any, role: str) -> None:
    await begun(host)
    (line,) = await events_of(host, activity(**{"from": sender}, id="a3"))
    assert isinstance(line, MessagePosted)
    assert line.data.author.role == role


@pytest.mark.parametrize(
    ("given", "time"),
    [
        (1792494000, "2026-10-20T11:00:00Z"),
        (1792494000.25, "2026-10-20T11:00:00.250000Z"),
        ("2026-10-20T13:00:00.1234567+02:00", "2026-10-20T13:00:00.1234567+02:00"),
        (None, "2026-10-20T12:00:01Z"),
    ],
)
async def test_times_are_read_as_channels_write_them(host: Host, given: Any, time: str) -> None:
    await begun(host)
    host.clock.advance(timedelta(seconds=1))
    (line,) = await events_of(host, activity(timestamp=given))
    assert line.time == time


async def test_a_message_without_id_and_time_is_one_line_however_often_it_is_sent(host: Host) -> None:
    # Given a channel that names neither, and sends again because it heard no answer
    nameless = activity(id=None, timestamp=None)
    first = await host.accepted(WEB_CHAT, nameless)
    host.clock.advance(timedelta(seconds=3))
    again = await host.accepted(WEB_CHAT, nameless)
    await host.drain()
    # Then both have the id that is made of the content, and there is one line
    assert first["accepted"][-1].startswith("sha256:")
    assert first["accepted"][-1:] == again["accepted"]
    assert len((await host.shown(f"conversations/{ID}/transcript"))["entries"]) == 1
    assert list(await host.pipeline.parked.parked("contoso")) == []


async def test_a_custom_channels_context_leads_a_conversation_that_begins(host: Host) -> None:
    # Given a custom messaging channel, which sends its context with every activity (with a blank after the name)
    context = {"BotHandoffTopic": "CreditCard", "Age": 41}
    for number in (1, 2):
        data = {"channelType": "MyChannel", "conversationcontext ": context, "customercontext": {"phonenumber": "1"}}
        await host.accepted(WEB_CHAT, activity(id=f"a{number}", channelData=data))
        context = {"BotHandoffTopic": "HomeLoan"}
    await host.drain()
    # Then the conversation went where its variables lead, and what came later changed nothing
    conversation = await host.shown(f"conversations/{ID}")
    assert conversation["queue"] == "CreditCardQueue"
    assert conversation["contextVariables"] == {"BotHandoffTopic": "CreditCard", "Age": 41}
    assert len((await host.shown(f"conversations/{ID}/routing"))["decisions"]) == 1


@pytest.mark.parametrize("context", ["x", [1], 7, {"Large": "x" * 30_000}, {"a": {"b": [None]}}, {}, None])
async def test_a_context_that_cannot_be_read_stops_no_conversation(host: Host, context: Any) -> None:
    await host.accepted(WEB_CHAT, activity(channelData={"conversationcontext": context}))
    await host.drain()
    assert (await host.shown(f"conversations/{ID}"))["queue"] == "BotQueue"
    assert (await host.shown("parked"))["parked"] == []


async def test_the_same_activities_twice_change_nothing(host: Host) -> None:
    # Given a conversation of every kind of activity
    said = [
        activity(type="conversationUpdate", id="j1", text=None, membersAdded=[BOT]),
        activity(),
        bot_activity(timestamp="2026-10-20T11:00:01Z"),
        bot_activity(id="a3", timestamp="2026-10-20T11:00:02Z", channelData={"tags": ESCALATE}),
        activity(id="a4", timestamp="2026-10-20T11:00:03Z", type="endOfConversation", text=None),
    ]
    resources = [
        f"conversations/{ID}",
        f"conversations/{ID}/transcript",
        f"conversations/{ID}/routing",
        "conversations",
    ]
    seen = []
    # When all of it is sent once, and then again in another order
    for activities in (said, said[::-1]):
        for one in activities:
            await host.accepted(WEB_CHAT, one)
        await host.drain()
        seen.append([await host.shown(resource) for resource in resources])
    # Then it is the same conversation, closed, and counted once
    assert seen[0] == seen[1]
    assert (seen[0][0]["state"], seen[0][0]["queue"]) == ("closed", "CreditCardQueue")
    assert (await host.shown("usage/2026-10"))["counted"] == 1


@pytest.mark.parametrize(
    ("ignored", "reason"),
    [
        (activity(type="typing"), "typing"),
        (activity(type="x" * 500), "xxx"),
        (activity(type="event", name="other.event"), "other.event"),
        (activity(type="event"), "A5001"),
        (activity(type="conversationUpdate", membersRemoved=[BOT]), "adds no member"),
        (activity(text=None), "neither text nor attachments"),
    ],
)
async def test_what_means_nothing_here_is_ignored_with_the_reason(
    host: Host, ignored: dict[str, Any], reason: str
) -> None:
    receipt = await host.accepted(WEB_CHAT, ignored)
    assert receipt["accepted"] == []
    assert reason in receipt["ignored"][0]["reason"]
    assert await host.published() == []


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (activity(type=None), ["type"]),
        (activity(type=7), ["type"]),
        (activity(conversation=None), ["conversation.id"]),
        (activity(conversation={"id": ""}), ["conversation.id"]),
        (activity(conversation={"id": "x" * 1025}), ["conversation.id"]),
        (activity(timestamp="yesterday"), ["timestamp"]),
        (activity(timestamp=[1]), ["timestamp"]),
        (activity(timestamp=1e18), ["timestamp"]),
        (activity(timestamp=True), ["timestamp"]),
        ("hello", [""]),
    ],
)
async def test_a_wrong_activity_is_refused_by_the_member_at_fault(host: Host, wrong: Any, expected: list[str]) -> None:
    assert paths(await host.client.post(WEB_CHAT, json=wrong)) == expected
    assert await host.published() == []


async def test_what_is_rejected_of_a_set_is_in_the_log_by_its_code_alone(
    host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    # given a set with a wrong activity, whose sender may never read the answer
    wrong = activity(id="a2", conversation=None, text="My card was stolen")
    with caplog.at_level(logging.WARNING):
        receipt = await host.accepted(WEB_CHAT, {"activities": [activity(), wrong]})
    # then the log says how many were rejected and why, and nothing of what was said
    assert [one["index"] for one in receipt["rejected"]] == [1]
    assert "contoso/contoso-chat/webchat: rejected of a set: 1 (invalid_activity)" in caplog.messages
    assert "stolen" not in caplog.text


async def test_a_redelivery_that_only_looks_otherwise_is_a_duplicate(host: Host) -> None:
    # Given an activity, and redeliveries in which only its look, its locale and the spelling of its time differ
    said = activity(timestamp="2026-10-20T11:00:00.927Z", locale="de-DE", textFormat="plain")
    again = [
        {**said, "locale": "en-US", "textFormat": "markdown"},
        {**said, "timestamp": "2026-10-20T11:00:00.9270000Z", "localTimestamp": "2026-10-20T13:00:00.927+02:00"},
    ]
    for one in (said, *again):
        await host.accepted(WEB_CHAT, one)
        without_id = {name: value for name, value in {**one, "text": "no id"}.items() if name != "id"}
        await host.accepted(WEB_CHAT, without_id)
    await host.drain()
    # Then each is one line, and none is parked
    key = (await host.shown("conversations"))["conversations"][0]["key"]
    entries = (await host.shown(f"conversations/{key}/transcript"))["entries"]
    assert sorted(entry["text"] for entry in entries) == sorted([said["text"], "no id"])
    assert (await host.shown("parked"))["parked"] == []


async def test_another_text_under_the_same_id_is_parked_as_before(host: Host) -> None:
    for text in ("one", "two"):
        await host.accepted(WEB_CHAT, activity(timestamp="2026-10-20T11:00:00Z", text=text))
    await host.drain()
    assert [one["code"] for one in (await host.shown("parked"))["parked"]] == ["event_id_conflict"]


async def test_a_message_that_was_updated_and_deleted_shows_that(host: Host) -> None:
    # Given two messages, of which one is updated and one deleted, and a thumb under the first
    for n in (1, 2):
        await host.accepted(WEB_CHAT, activity(id=f"m{n}", timestamp=f"2026-10-20T11:00:0{n}Z", text=f"line {n}"))
    later = {"timestamp": "2026-10-20T11:00:05Z"}
    await host.accepted(WEB_CHAT, activity(type="messageUpdate", id="m1", text="better", **later))
    await host.accepted(WEB_CHAT, activity(type="messageDelete", id="m2", text=None, **later))
    liked = {"type": "messageReaction", "id": "r1", "replyToId": "m1", "reactionsAdded": [{"type": "like"}]}
    await host.accepted(WEB_CHAT, activity(**liked, text=None, **later))
    await host.drain()
    # Then the transcript shows all of it
    key = (await host.shown("conversations"))["conversations"][0]["key"]
    entries = (await host.shown(f"conversations/{key}/transcript", audience="agent"))["entries"]
    shown = [
        (one["text"], one.get("removed", False), [each["was"] for each in one.get("changes", [])]) for one in entries
    ]
    assert shown == [("better", False, ["line 1"]), (None, True, ["line 2"]), ("👍", False, [])]
