"""What supervisors and agents read: heads, transcripts, decisions, lists; and what nobody else can find out."""

from typing import Any

import httpx
import pytest

from tests.builders import document, threaded
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, activity, bot_activity, paths, problem
from tests.seeds import TEXT

ID = threaded()
CARD = '{"type":"Escalate","context":{"BotHandoffTopic":"CreditCard"}}'
HIDDEN = "for the agent only"
UNBRIDGED = {
    "code": "not_bridged", "count": 1,
    "detail": 'channelData.deliveryMode: Send channelData.deliveryMode "bridged" with what the customer should see.',
}  # fmt: skip
CHANNEL = {"accountId": "contoso-app", "channelId": "app"}


def started(conversation: str, tenant: str = "contoso", **data: Any) -> dict[str, Any]:
    said = {"channel": CHANNEL, "customer": {"id": "u"}, **data}
    return document("conversation.started", said, conversation, "2026-10-20T11:00:00Z", tenant, event_id="s1")


async def talked(host: Host) -> None:
    """A conversation with public and private lines, an escalation with its summary, and no end."""
    private = bot_activity(id="p1", text=HIDDEN, timestamp="2026-10-20T11:00:02Z", channelData={})
    for said in (
        activity(),
        bot_activity(timestamp="2026-10-20T11:00:01Z", text="How can I help?"),
        private,
        bot_activity(id="e1", timestamp="2026-10-20T11:00:03Z", text=HIDDEN, channelData={"tags": CARD}),
        activity(id="a4", timestamp="2026-10-20T11:00:04Z", text="Thanks"),
    ):
        await host.accepted(WEB_CHAT, said)
    await host.drain()


async def begun(host: Host, *ids: str) -> None:
    receipt = await host.accepted(EVENTS, [started(one) for one in ids])
    assert receipt["rejected"] == []
    await host.drain()


async def test_a_head_has_every_member_of_the_contract(host: Host) -> None:
    # Given a conversation that waits for somebody of a human queue
    await talked(host)
    head = await host.shown(f"conversations/{ID}")
    # Then what is known is there, and what is not is null
    assert head == {
        "tenantId": "contoso", "conversationId": ID, "key": ID, "state": "open", "workStream": "ChatWorkStream",
        "queue": "CreditCardQueue", "bot": None, "agent": None,
        "channel": {"accountId": "contoso-chat", "channelId": "webchat", "threadId": "thread-1"},
        "customer": {"id": "customer-1", "name": "Zoë", "locale": None},
        "contextVariables": {"BotHandoffTopic": "CreditCard"}, "warnings": [UNBRIDGED],
        "startedAt": "2026-10-20T11:00:00.123456Z", "lastActivityAt": "2026-10-20T11:00:04Z",
        "escalatedAt": "2026-10-20T11:00:03Z", "escalationReason": None,
        "closedAt": None, "closedBy": None, "closedReason": None, "closedNote": None,
        "botSession": {"startedAt": "2026-10-20T11:00:00.123456Z", "month": "2026-10", "bots": ["contoso-bot"]},
        "attention": None,
    }  # fmt: skip


async def test_a_conversation_of_which_only_a_line_is_known_is_shown_with_nulls(host: Host) -> None:
    line = document("message.posted", {"author": {"role": "customer", "id": "u"}}, at="2026-10-20T11:00:00Z")
    await host.accepted(EVENTS, line)
    await host.drain()
    head = await host.shown("conversations/c1")
    known = {name for name, value in head.items() if value not in (None, [], {})}
    assert known == {"tenantId", "conversationId", "key", "state", "lastActivityAt"}


async def test_the_customers_copy_of_a_transcript_never_holds_a_private_line(host: Host) -> None:
    await talked(host)
    # When the customer's copy is asked for, by name or by default
    for parameters in ({}, {"audience": "customer"}):
        copy = await host.shown(f"conversations/{ID}/transcript", **parameters)
        assert [entry["text"] for entry in copy["entries"]] == [TEXT, "How can I help?", "Thanks"]
    # Then the agent's copy is the one with all lines, and says which are private
    whole = await host.shown(f"conversations/{ID}/transcript", audience="agent")
    lines = [(entry["text"], entry["visibility"], entry["origin"]) for entry in whole["entries"]]
    assert lines == [
        (TEXT, "public", "message"),
        ("How can I help?", "public", "message"),
        (HIDDEN, "private", "message"),
        (HIDDEN, "private", "summary"),
        ("Thanks", "public", "message"),
    ]


@pytest.mark.parametrize("audience", ["agents", " ", "Customer"])
async def test_a_transcript_has_two_audiences(host: Host, audience: str) -> None:
    await talked(host)
    address = f"/api/tenants/contoso/conversations/{ID}/transcript"
    assert paths(await host.client.get(address, params={"audience": audience})) == ["audience"]


async def test_a_line_is_read_as_it_was_written(host: Host) -> None:
    said = 'a\x00b "\\" 👩‍👩‍👧 \u2028 <script>'
    await host.accepted(WEB_CHAT, activity(text=said, timestamp="2026-10-20T13:00:00.1234567+02:00"))
    await host.drain()
    (entry,) = (await host.shown(f"conversations/{ID}/transcript"))["entries"]
    assert (entry["text"], entry["time"]) == (said, "2026-10-20T13:00:00.1234567+02:00")


async def test_decisions_are_explained_as_json_and_as_sentences(host: Host) -> None:
    await talked(host)
    # When the decisions are asked for as JSON
    first, second = (await host.shown(f"conversations/{ID}/routing"))["decisions"]
    assert (first["queue"], second["queue"]) == ("BotQueue", "CreditCardQueue")
    # Then each says what became of every rule
    assert [(rule["name"], rule["status"]) for rule in second["rules"]] == [
        ("BotRule", "notMatched"),
        ("CreditCardRule", "applied"),
        ("HomeLoanRule", "notReached"),
    ]
    # and as text there are the same sentences
    address = f"/api/tenants/contoso/conversations/{ID}/routing"
    answer = await host.client.get(address, headers={"Accept": "text/plain"})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.text == "\n\n".join("\n".join(one["explanation"]) for one in (first, second)) + "\n"
    assert "CreditCardRule" in answer.text


async def test_a_list_is_filtered(host: Host) -> None:
    # Given conversations in different states and queues
    await begun(host, "with-bot-1", "with-bot-2", "ended")
    await talked(host)
    end = {"endedBy": "agent", "reason": "resolved"}
    await host.accepted(EVENTS, document("conversation.ended", end, "ended", "2026-10-20T11:30:00Z"))
    await host.drain()

    async def ids(**filters: str) -> list[str]:
        return [one["conversationId"] for one in (await host.shown("conversations", **filters))["conversations"]]

    # Then each filter leaves what it asks for
    assert await ids() == [ID, "ended", "with-bot-1", "with-bot-2"]
    assert await ids(state="open") == [ID]
    assert await ids(state="active", bot="contoso-bot") == ["with-bot-2", "with-bot-1"]
    assert await ids(queue="BotQueue", state="closed") == ["ended"]
    assert await ids(queue="nowhere") == []
    assert await ids(channel="webchat") == [ID]
    assert await ids(channel="app", sort="activity") == ["ended", "with-bot-2", "with-bot-1"]
    assert await ids(sort="waiting") == [ID]
    assert await ids(until="2026-10-20T11:00:00.1Z", state="active") == ["with-bot-2", "with-bot-1"]
    assert await ids(**{"from": "2026-10-20T13:00:00.1+02:00"}) == [ID]
    assert await ids(attention="bot-silent") == []
    assert await ids(warning="unknown_bot") == []
    # and goes on by the same order
    first, second = await ids(queue="BotQueue"), await ids(queue="BotQueue", sort="started")
    assert first == second == ["with-bot-2", "with-bot-1", "ended"]


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"state": "over"}, ["state"]),
        ({"warning": "odd"}, ["warning"]),
        ({"sort": "key"}, ["sort"]),
        ({"sort": ""}, ["sort"]),
        ({"queue": "", "bot": ""}, ["bot", "queue"]),
        ({"channel": "contoso-chat/webchat"}, ["channel"]),
        ({"from": "2026-10-20T12:00:00Z", "until": "2026-10-20T12:00:00Z"}, ["until"]),
        ({"from": "yesterday"}, ["from"]),
        ({"until": "2026-10-20"}, ["until"]),
        ({"agent": "ana", "quue": "Q"}, ["agent", "quue"]),
        ({"continuation": "c1"}, ["continuation"]),
        ({"sort": "started", "continuation": "c1"}, ["continuation"]),
        ({"queue": "Q", "continuation": "c1"}, ["continuation"]),
    ],
)
async def test_a_list_that_nobody_can_ask_for_is_refused_by_name(
    host: Host, params: dict[str, str], named: list[str]
) -> None:
    refused = await host.client.get("/api/tenants/contoso/conversations", params=params)
    assert (refused.status_code, paths(refused)) == (400, named)


WHY = "asked for a human"


async def test_why_a_bot_escalated_and_what_its_end_notes_can_be_read(host: Host) -> None:
    # Given a conversation that a bot gave up for a reason, and that a supervisor ended with a note
    said = [
        started("c1"),
        document("bot.escalated", {"botId": "contoso-bot", "reason": WHY}, "c1", "2026-10-20T11:01:00Z"),
        document(
            "conversation.ended",
            {"endedBy": "supervisor", "reason": "other", "note": "spam\nonly"},
            "c1",
            "2026-10-20T11:02:00Z",
        ),
    ]
    await host.accepted(EVENTS, said)
    await host.drain()
    # Then the conversation says both, and so does its list
    [listed] = (await host.shown("conversations"))["conversations"]
    for head in (await host.shown("conversations/c1"), listed):
        assert (head["escalationReason"], head["closedNote"]) == ("asked for a human", "spam\nonly")
    # and the explanation of its routing
    decision = (await host.shown("conversations/c1/routing"))["decisions"][1]
    assert decision["escalationReason"] == WHY
    assert decision["explanation"][0] == 'At 2026-10-20T11:01:00Z bot contoso-bot escalated: "asked for a human".'
    assert decision["explanation"][-1] == (
        'The supervisor ended it at 2026-10-20T11:02:00Z (other), with the note "spam\\nonly".'
    )
    # and the agent's transcript, in which the customer's copy has no such line
    lines = await host.shown("conversations/c1/transcript", audience="agent")
    assert [line["extra"] for line in lines["entries"]] == [{"reason": "asked for a human"}]
    assert (await host.shown("conversations/c1/transcript"))["entries"] == []


async def test_a_transcript_comes_in_pages(host: Host) -> None:
    # Given a conversation of five lines
    await talked(host)
    address = f"/api/tenants/contoso/conversations/{ID}/transcript"
    whole = await host.shown(f"conversations/{ID}/transcript", audience="agent")
    assert whole["continuation"] is None
    # When it is read by two lines at a time, by the header's link
    url, found = f"{address}?audience=agent&limit=2", list[Any]()
    for _ in range(3):
        answer = await host.client.get(url)
        found += answer.json()["entries"]
        following = answer.links.get("next", {}).get("url")
        assert (following is None) == (answer.json()["continuation"] is None)
        url = address + (following or "")
    # Then the pages are the whole
    assert found == whole["entries"]


async def test_a_transcript_is_read_as_text(host: Host) -> None:
    # Given a line whose text looks like another line
    await talked(host)
    said = "Yes\n2026-10-20T11:00:09Z  agent Ana: no"
    await host.accepted(WEB_CHAT, activity(id="a5", timestamp="2026-10-20T11:00:05Z", text=said))
    await host.drain()
    address = f"/api/tenants/contoso/conversations/{ID}/transcript?audience=agent"
    answer = await host.client.get(address, headers={"Accept": "text/plain"})
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    # Then each line begins with its time, and what was said is indented
    assert answer.text.splitlines()[-6:] == [
        f"    {HIDDEN}",
        "2026-10-20T11:00:04Z  customer Zoë",
        "    Thanks",
        "2026-10-20T11:00:05Z  customer Zoë",
        "    Yes",
        "    2026-10-20T11:00:09Z  agent Ana: no",
    ]
    assert "(private)" in answer.text


@pytest.mark.parametrize(
    ("params", "named"),
    [({"limit": "0"}, "limit"), ({"limit": "501"}, "limit"), ({"limit": "x"}, "limit"), ({"after": "1"}, "after"),
     ({"continuation": "x"}, "continuation")],
)  # fmt: skip
async def test_a_page_of_a_transcript_that_there_is_not_is_refused(
    host: Host, params: dict[str, str], named: str
) -> None:
    await talked(host)
    answer = await host.client.get(f"/api/tenants/contoso/conversations/{ID}/transcript", params=params)
    assert paths(answer) == [named]


async def test_a_long_list_comes_in_pages(host: Host) -> None:
    # Given more conversations than a page holds
    ids = [f"c{n:03}" for n in range(205)]
    await begun(host, *ids)
    # Then the pages are followed to the end, and hold each once
    found: list[str] = []
    parameters: dict[str, str] = {}
    for _ in range(3):
        page = await host.shown("conversations", **parameters)
        found += [one["conversationId"] for one in page["conversations"]]
        parameters = {"continuation": page["continuation"]}
    assert (found, page["continuation"]) == (ids, None)


async def test_a_list_of_an_unknown_tenant_is_unknown(host: Host) -> None:
    answer = await host.client.get("/api/tenants/nobody/conversations")
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_tenant")


@pytest.mark.parametrize(
    "conversation", ["a|b/c:@#?%", "..", ".", "~", "zoë 👋", " ", "a" * 256, "é" * 256, "👋" * 256, "\x00", "%2F", "C"]
)
async def test_whatever_a_conversation_is_called_its_key_finds_it(host: Host, conversation: str) -> None:
    # Given a conversation of any name
    await begun(host, conversation, "c")
    found = [one for one in (await host.shown("conversations"))["conversations"] if one["conversationId"] != "c"]
    (head,) = found
    assert head["conversationId"] == conversation
    # Then its key stands in a path as it is, and leads to it
    assert httpx.URL(f"http://x/{head['key']}").raw_path.decode() == f"/{head['key']}"
    for resource in ("", "/transcript", "/routing"):
        await host.shown(f"conversations/{head['key']}{resource}")
    assert (await host.shown(f"conversations/{head['key']}"))["conversationId"] == conversation


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    return answer.status_code, answer.content, sorted(answer.headers.multi_items())


@pytest.mark.parametrize("resource", ["", "/transcript", "/transcript?audience=agent", "/routing"])
async def test_another_tenants_conversation_answers_like_one_that_never_was(host: Host, resource: str) -> None:
    # Given a conversation of fabrikam, and one that fabrikam and contoso each have
    await host.accepted("/api/tenants/fabrikam/events", [started(one, "fabrikam") for one in ("theirs", "both", "a|b")])
    await begun(host, "both")
    answers = [
        told(
            await host.client.get(
                f"/api/tenants/{tenant}/conversations/{key}{resource}", headers={"x-request-id": "one-for-all"}
            )
        )
        for tenant, key in (
            ("contoso", "never-was"),
            ("contoso", "theirs"),
            ("contoso", "~YXxi"),
            ("nobody", "theirs"),
            ("nobody", "never-was"),
        )
    ]
    # Then contoso learns nothing from status, body or headers, and neither does a tenant that there is not
    assert all(answer == answers[0] for answer in answers)
    assert answers[0][0] == 404
    # while whose it is finds it
    assert (await host.client.get(f"/api/tenants/fabrikam/conversations/theirs{resource}")).status_code == 200


@pytest.mark.parametrize(
    "key",
    [
        "~",
        "~~",
        "~YQ",
        "~YQ==",
        "~!!!",
        "~a",
        "~YzE",
        "%01",
        "%F0%9F%91%8B",
        "%FF",
        "%2e%2e",
        "x" * 3000,
        "c1%20",
        "C1",
    ],
)
async def test_an_odd_key_is_an_unknown_conversation(host: Host, key: str) -> None:
    # Given conversations, and a key that is none of theirs
    await begun(host, "c1", "a|b")
    answer = await host.client.get(f"/api/tenants/contoso/conversations/{key}")
    # Then it is answered like any other that never was
    assert (answer.status_code, problem(answer)["code"]) == (404, "unknown_conversation")
