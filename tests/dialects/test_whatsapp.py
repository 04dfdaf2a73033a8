"""Webhooks of WhatsApp: who wrote to which number, what they said, what is only reported, and who may say so."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clock import MovableClock
from shared.dialects.dialect import Ingress, Terms
from shared.dialects.notes import NOT_SHOWN
from shared.dialects.reading import Reading, Report
from shared.dialects.received import Received
from shared.dialects.whatsapp.dialect import WhatsApp, verify_hub_signature
from shared.errors import InvalidActivity, Refused, Unauthorized
from shared.events.data import ChannelReference
from shared.events.envelope import parse_time
from shared.tenants.decode import decode_configuration
from shared.tenants.lint import lint
from tests.builders import CONTOSO, contoso, small_document, threaded
from tests.conversations.pipelines import InMemory
from tests.dialects.whatsapp import (
    BUTTON_REPLY,
    CARD,
    DOCUMENT,
    EDIT,
    FORM,
    IMAGE,
    LIST_REPLY,
    NUMBER_ID,
    ORDER,
    PLACE,
    RIGHT_WEBHOOKS,
    ZOE,
    echo,
    message,
    signature,
    status,
    statuses,
    webhook,
)
from tests.functions.hosts import NOW, Host, hosted, problem

WEBHOOK = "/api/tenants/contoso/channels/contoso-whatsapp/whatsapp"
CHANNEL = ChannelReference(account_id="contoso-whatsapp", channel_id="whatsapp")
OLD, NEW, TOKEN = "an app secret before", "the app secret after it", "what the vendor shows"


def read(document: Any, native_id: str | None = NUMBER_ID) -> list[Reading | Refused]:
    """The reading of each part of a body, or why it is refused."""
    dialect, readings = WhatsApp(), list[Reading | Refused]()
    for _, native in dialect.decode(Received(json.dumps(document).encode())).payloads:
        try:
            readings.append(dialect.read(native, Ingress(contoso(), CHANNEL, native_id)))
        except Refused as reason:
            readings.append(reason)
    return readings


def read_one(document: Any, native_id: str | None = NUMBER_ID) -> Reading:
    (reading,) = read(document, native_id)
    assert isinstance(reading, Reading)
    return reading


def test_a_message_is_a_customers_line_in_the_thread_of_customer_and_number() -> None:
    reading = read_one(webhook(message(7)))
    (draft,) = reading.drafts
    assert (reading.thread_id, reading.time) == (f"{NUMBER_ID}:{ZOE}", "2026-10-20T11:00:07Z")
    assert (draft.id, draft.type, reading.begins) == ("wamid.7", "message.posted", "always")
    assert draft.data["author"] == {"role": "customer", "id": ZOE, "name": "Zoë Nováková"}
    assert draft.data["text"] == "Dobrý den 👋"
    assert (reading.customer.id, reading.customer.name) == (ZOE, "Zoë Nováková")


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        (
            "image",
            IMAGE,
            {
                "text": "my card",
                "attachments": [
                    {"name": "image", "contentType": "image/jpeg", "fileId": IMAGE["id"], "sha256": IMAGE["sha256"]}
                ],
            },
        ),
        (
            "document",
            DOCUMENT,
            {
                "attachments": [
                    {
                        "name": "účet.pdf",
                        "contentType": "application/pdf",
                        "fileId": DOCUMENT["id"],
                        "sha256": DOCUMENT["sha256"],
                    }
                ]
            },
        ),
        (
            "audio",
            {"id": "a", "mime_type": "audio/ogg; codecs=opus", "voice": True},
            {"attachments": [{"name": "audio", "contentType": "audio/ogg; codecs=opus", "fileId": "a"}]},
        ),
        ("video", {"id": "v"}, {"attachments": [{"name": "video", "contentType": "video/mp4", "fileId": "v"}]}),
        ("sticker", {"id": "s"}, {"attachments": [{"name": "sticker", "contentType": "image/webp", "fileId": "s"}]}),
        (
            "contacts",
            [CARD],
            {
                "text": "Contact: Jan Novák, +420 777 000 111",
                "attachments": [
                    {"name": "contact", "contentType": "application/vnd.whatsapp.contact+json", "content": CARD}
                ],
            },
        ),
        (
            "location",
            PLACE,
            {
                "text": "Location: 50.0755, 14.4378, Branch, Václavské náměstí 1",
                "attachments": [
                    {"name": "location", "contentType": "application/vnd.whatsapp.location+json", "content": PLACE}
                ],
            },
        ),
        ("button", {"text": "Yes", "payload": "y"}, {"text": "Yes", "value": "y", "attachments": []}),
        ("interactive", BUTTON_REPLY, {"text": "Yes", "value": {"id": "yes", "title": "Yes"}, "attachments": []}),
        ("interactive", LIST_REPLY, {"text": "A loan", "value": LIST_REPLY["list_reply"], "attachments": []}),
        (
            "reaction",
            {"message_id": "wamid.out", "emoji": "👍"},
            {"text": "👍", "replyToId": "wamid.out", "reaction": True, "attachments": []},
        ),
        (
            "order",
            ORDER,
            {
                "text": "for Friday, Order: 2 of SKU1",
                "attachments": [
                    {"name": "order", "contentType": "application/vnd.whatsapp.order+json", "content": ORDER}
                ],
            },
        ),
        ("interactive", FORM, {"text": "Sent", "value": FORM["nfm_reply"], "attachments": []}),
    ],
)
def test_what_a_message_says_is_in_its_line(kind: str, body: Any, said: dict[str, Any]) -> None:
    (draft,) = read_one(webhook(message(1, kind, body))).drafts
    assert {name: value for name, value in draft.data.items() if name != "author"} == said


def test_a_reply_names_what_it_answers_and_a_reaction_begins_no_conversation() -> None:
    (draft,) = read_one(webhook(message(context={"from": "1", "id": "wamid.out.1"}))).drafts
    assert draft.data["replyToId"] == "wamid.out.1"
    reacted = read_one(webhook(message(1, "reaction", {"message_id": "wamid.out", "emoji": "👍"})))
    assert reacted.begins == "ifFirst"


def test_a_line_keeps_the_advertisement_and_the_product_that_it_is_about() -> None:
    context = {"forwarded": True, "referred_product": {"product_retailer_id": "SKU1"}}
    (draft,) = read_one(webhook(message(context=context, referral={"headline": "Cards"}))).drafts
    kept = [draft.data[name] for name in ("forwarded", "referredProduct", "referral")]
    assert kept == [True, context["referred_product"], {"headline": "Cards"}]


@pytest.mark.parametrize("from_phone", [False, True])
def test_an_edited_and_a_revoked_message_change_their_line(from_phone: bool) -> None:
    image = {"original_message_id": "wamid.7", "message": {"type": "image", "image": {"id": "i"}}}
    bodies: list[tuple[str, Any]] = [("edit", EDIT), ("edit", image), ("revoke", {"original_message_id": "wamid.7"})]
    readings = [
        read_one(echo(type=kind, **{kind: body}) if from_phone else webhook(message(9, kind, body)))
        for kind, body in bodies
    ]
    drafts = [draft for one in readings for draft in one.drafts]
    assert {(one.thread_id, one.begins) for one in readings} == {(f"{NUMBER_ID}:{ZOE}", "never")}
    assert {(one.type, one.data["messageId"]) for one in drafts} == {("message.changed", "wamid.7")}
    assert [one.data.get("text") for one in drafts] == ["at eight", "", None]
    assert [len(one.data.get("attachments", ())) for one in drafts] == [0, 1, 0]
    assert drafts[2].data["removed"]
    assert drafts[2].data["author"]["role"] == ("agent" if from_phone else "customer")


@pytest.mark.parametrize(
    "body", [{}, {"original_message_id": 7}, {"original_message_id": "w", "message": {"type": "x"}}]
)
def test_an_edit_that_says_nothing_is_a_warning(body: Any) -> None:
    assert [note.code for note in read_one(webhook(message(9, "edit", body))).ignored] == ["unsupported_message"]


@pytest.mark.parametrize("kind", ["unsupported", "poll", "interactive", "image"])
def test_what_nobody_can_read_is_a_line_with_a_warning(kind: str) -> None:
    # given a message of a type that the Cloud API tells nothing of, or whose content is missing
    reading = read_one(webhook(message(9, kind, {})))
    # then the customer said something, and waits for an answer
    [draft] = reading.drafts
    assert (draft.data["author"]["role"], draft.data["text"], reading.begins) == ("customer", NOT_SHOWN, "always")
    assert [note.code for note in reading.notes] == ["unsupported_message"]


@pytest.mark.parametrize("member", ["wa_id", "new_wa_id"])
def test_a_customer_with_a_new_number_stays_the_same_thread(member: str) -> None:
    told = {"type": "user_changed_number", "body": "changed", member: "420777999999"}
    reading = read_one(webhook(message(9, "system", told)))
    assert (reading.continues, reading.thread_id) == (f"{NUMBER_ID}:{ZOE}", f"{NUMBER_ID}:420777999999")
    assert (list(reading.drafts), [note.code for note in reading.ignored]) == ([], ["number_changed"])
    other = read_one(webhook(message(9, "system", {**told, "type": "customer_identity_changed"})))
    assert (other.continues, [note.code for note in other.ignored]) == (None, ["system_message"])


def test_an_echo_of_the_phone_is_an_agents_line_without_a_name_in_the_customers_thread() -> None:
    reading = read_one(echo())
    (draft,) = reading.drafts
    assert draft.data["author"] == {"role": "agent", "id": NUMBER_ID}
    assert (reading.thread_id, reading.customer.id, reading.begins) == (f"{NUMBER_ID}:{ZOE}", ZOE, "ifFirst")
    # and a number with its plus is the same customer
    assert read_one(echo(to=f"+{ZOE}")).thread_id == reading.thread_id


def test_statuses_are_reports_and_give_no_event() -> None:
    # given reports of one line that came, and of one that did not
    failed = status("failed", 2, errors=[{"code": 131026, "title": "Message undeliverable", "error_data": {}}])
    readings = [one for one in read(statuses(status("read"), failed)) if isinstance(one, Reading)]
    # then they hold native id, state and reason, and nothing becomes of them
    assert [one.reports for one in readings] == [
        [Report("wamid.out.1", "read")],
        [Report("wamid.out.2", "failed", "131026 Message undeliverable")],
    ]
    assert all(one.only_ignored for one in readings)
    assert [note.code for one in readings for note in one.ignored] == ["status_report"] * 2


def test_a_customer_who_hides_the_number_is_known_by_metas_id() -> None:
    contact = {"profile": {"username": "zoe"}, "user_id": "CZ.1"}
    hidden: dict[str, Any] = {"from": None, "from_user_id": "CZ.1"}
    reading = read_one(webhook(message(**hidden), contacts=[contact]))
    assert (reading.thread_id, reading.customer.name) == (f"{NUMBER_ID}:CZ.1", "zoe")


def test_two_customers_of_one_change_keep_their_names() -> None:
    contacts = [{"profile": {"name": "A"}, "wa_id": "1"}, {"profile": {"name": "B"}, "wa_id": "2"}]
    readings = read(webhook(message(1, **{"from": "2"}), message(2, **{"from": "1"}), contacts=contacts))
    assert [one.customer.name for one in readings if isinstance(one, Reading)] == ["B", "A"]


def test_customers_of_one_change_beside_one_contact_stay_apart() -> None:
    contacts = [{"profile": {"name": "A"}, "wa_id": "1"}]
    readings = read(webhook(message(1, **{"from": "2"}), message(2, **{"from": "3"}), contacts=contacts))
    assert [(one.customer.id, one.customer.name) for one in readings if isinstance(one, Reading)] == [
        ("2", None),
        ("3", None),
    ]


def test_a_message_to_another_number_is_refused_where_the_channel_names_its_own() -> None:
    # given a message to another number of the business
    (refusal,) = read(webhook(message(), number_id="999"))
    assert isinstance(refusal, InvalidActivity)
    assert refusal.detail.startswith("value.metadata.phone_number_id: is another one than this channel's nativeId")
    assert "999" not in refusal.detail
    # when the channel names none, then it is read, in a thread of its own
    assert read_one(webhook(message(), number_id="999"), None).thread_id == f"999:{ZOE}"
    assert read_one(webhook(message()), None).thread_id == f"{NUMBER_ID}:{ZOE}"


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"id": None}, "id"),
        ({"from": None}, "from"),
        ({"from": ""}, "from"),
        ({"from": "9" * 300}, "from"),
        ({"timestamp": None}, "timestamp"),
        ({"timestamp": "soon"}, "timestamp"),
        ({"timestamp": "٣٣"}, "timestamp"),
        ({"timestamp": "-5"}, "timestamp"),
        ({"timestamp": True}, "timestamp"),
        ({"type": None}, "type"),
    ],
)
def test_what_is_missing_or_wrong_is_named(members: dict[str, Any], path: str) -> None:
    (refusal,) = read(webhook(message(**members), contacts=None))
    assert isinstance(refusal, InvalidActivity)
    assert [mistake.path for mistake in refusal.mistakes] == [path]


@pytest.mark.parametrize("document", [[], "x", {}, {"object": "page", "entry": []}, {"object": None}])
def test_a_body_of_another_kind_is_refused_as_a_whole(document: Any) -> None:
    with pytest.raises(InvalidActivity):
        read(document)


def test_a_body_with_too_many_messages_is_refused_as_a_whole() -> None:
    assert len(read(webhook(*(message(n) for n in range(1000))))) == 1000
    with pytest.raises(InvalidActivity) as refusal:
        read(webhook(*(message(n) for n in range(1001))))
    assert [mistake.path for mistake in refusal.value.mistakes] == ["entry"]


async def test_a_customer_and_somebody_at_the_phone_talk_in_one_conversation() -> None:
    # given a customer's message, and an answer that somebody wrote on the phone
    pipeline = await InMemory(clock=MovableClock(parse_time(NOW))).configured()
    for body in (webhook(message(1)), echo(), webhook(message(1)), statuses(status("read"))):
        receipt = await pipeline.receiver.receive_activity(
            "contoso", "contoso-whatsapp", "whatsapp", json.dumps(body).encode()
        )
        assert receipt.rejected == []
        await pipeline.drain()
    # when the transcript is read
    key = threaded(f"{NUMBER_ID}:{ZOE}", 1, "contoso-whatsapp", "whatsapp")
    # then all are lines of one conversation, and the retry is no second line
    lines = await pipeline.lines(key, "agent")
    assert [(line.author.role, line.text) for line in lines] == [
        ("customer", "Dobrý den 👋"),
        ("agent", "We are looking into it."),
    ]


# Who may say so


def knock(headers: dict[str, str], body: bytes, secrets: tuple[str, ...] = (NEW, OLD)) -> str | None:
    given_headers = {name.lower(): value for name, value in headers.items()}
    try:
        verify_hub_signature(Received(body, given_headers), secrets, parse_time(NOW))
    except Unauthorized as refusal:
        return refusal.fault
    return None


def test_a_signature_of_either_secret_is_let_in_and_nothing_else() -> None:
    body = json.dumps(webhook(message())).encode()
    assert knock(signature(body, OLD), body) is None
    assert knock(signature(body, NEW), body) is None
    assert knock(signature(body, TOKEN), body) == "signature_wrong"
    assert knock(signature(body, NEW), body + b" ") == "signature_wrong"
    assert knock({}, body) == "credentials_missing"
    # and neither another spelling of it, nor the older header of SHA-1, is one
    right = signature(body, NEW)["X-Hub-Signature-256"]
    for wrong in (right.upper(), right.removeprefix("sha256="), f" {right}", f"{right},{right}", "sha256=", "š"):
        assert knock({"x-hub-signature-256": wrong}, body) == "signature_wrong"
    assert knock({"x-hub-signature": right}, body) == "credentials_missing"


@given(body=st.binary(max_size=300), place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_no_bit_of_a_signed_body_can_be_flipped(body: bytes, place: int, bit: int) -> None:
    signed = signature(body, NEW)
    assert knock(signed, body) is None
    changed = bytearray(body or b"x")
    changed[place % len(changed)] ^= 1 << bit
    if bytes(changed) != body:
        assert knock(signed, bytes(changed)) == "signature_wrong"


@asynccontextmanager
async def registered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Host]:
    """A host outside the local one that knows contoso's secrets: two app secrets side by side."""
    both = CONTOSO.replace(
        b'secret: "env:PATCHBAY_SECRET_CONTOSO_WHATSAPP"',
        b'secrets: ["env:PATCHBAY_SECRET_CONTOSO_WHATSAPP_NEW", "env:PATCHBAY_SECRET_CONTOSO_WHATSAPP_OLD"]',
    )
    assert both != CONTOSO
    for name, value in (
        ("PATCHBAY_SECRET_CONTOSO_WHATSAPP_NEW", NEW),
        ("PATCHBAY_SECRET_CONTOSO_WHATSAPP_OLD", OLD),
        ("PATCHBAY_SECRET_CONTOSO_WHATSAPP_HANDSHAKE", TOKEN),
    ):
        monkeypatch.setenv(name, value)
    async with hosted(folder, open_to_all=False) as host:
        await host.pipeline.configurations.put("contoso", both, None)
        yield host


def asked(**changed: str | None) -> dict[str, str]:
    usual = {"hub.mode": "subscribe", "hub.verify_token": TOKEN, "hub.challenge": "1158201444"}
    return {name: value for name, value in {**usual, **changed}.items() if value is not None}


async def test_the_webhook_is_registered_by_the_token_and_only_by_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with registered(tmp_path, monkeypatch) as host:
        # when Meta asks with the token, then the challenge comes back as plain text
        answer = await host.client.get(WEBHOOK, params=asked())
        assert (answer.status_code, answer.text) == (200, "1158201444")
        assert answer.headers["content-type"].startswith("text/plain")
        # when somebody asks with another one, or the app's secret, or otherwise, then the answer tells nothing
        wrong = [
            asked(**{"hub.verify_token": NEW}),
            asked(**{"hub.verify_token": TOKEN.upper()}),
            asked(**{"hub.verify_token": None}),
            asked(**{"hub.mode": "unsubscribe"}),
            asked(**{"hub.challenge": None}),
            asked(**{"hub.challenge": "<script>alert(1)</script>"}),
            {},
        ]
        same = {"x-request-id": "one-for-all"}
        answers = [await host.client.get(WEBHOOK, params=one, headers=same) for one in wrong]
        answers += [
            await host.client.get(WEBHOOK.replace("whatsapp/whatsapp", other), params=asked(), headers=same)
            for other in ("whatsapp/gone", "telegram/telegram")
        ]
        answers.append(await host.client.get(WEBHOOK.replace("contoso/", "nobody/"), params=asked(), headers=same))
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.content for answer in answers}) == 1
    assert "1158201444" not in answers[0].text


async def test_a_signed_body_is_answered_200_even_if_a_part_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with registered(tmp_path, monkeypatch) as host:
        body = json.dumps(webhook(message(1), message(2, timestamp="soon"), message(3))).encode()
        # when the body comes with a signature of either secret
        for secret in (OLD, NEW):
            answer = await host.client.post(WEBHOOK, content=body, headers=signature(body, secret))
            assert answer.status_code == 200
            assert answer.json()["accepted"][-2:] == ["wamid.1", "wamid.3"]
            assert [(one["index"], one["errors"][0]["path"]) for one in answer.json()["rejected"]] == [(1, "timestamp")]
        # then one with none, or of the handshake's secret, is refused
        for headers in ({}, signature(body, TOKEN)):
            answer = await host.client.post(WEBHOOK, content=body, headers=headers)
            assert (answer.status_code, problem(answer)["code"]) == (401, "unauthorized")


async def test_without_its_secret_the_local_host_lets_the_channel_in(tmp_path: Path) -> None:
    async with hosted(tmp_path) as host:
        await host.configured("contoso")
        assert (await host.client.get(WEBHOOK, params=asked(**{"hub.verify_token": "any"}))).text == "1158201444"
        answer = await host.client.post(WEBHOOK, content=json.dumps(webhook(message())))
        assert (answer.status_code, answer.json()["accepted"][-1]) == (200, "wamid.1")


def test_a_handshake_is_none_of_another_method() -> None:
    received = Received(b"", method="POST", query=asked())
    assert WhatsApp().handshake(received, Terms([TOKEN])) is None


def configured(**channel: Any) -> list[tuple[str, str]]:
    """Code and path of what the linter says of a channel of WhatsApp."""
    account = {"id": "a", "dialect": "whatsApp", "channels": [{"id": "c", "workStream": "W", **channel}]}
    document = json.dumps(small_document(accounts=[account])).encode()
    return [(one.code, one.path) for one in lint(decode_configuration("small", document)) if "accounts" in one.path]


def test_the_linter_warns_that_nothing_can_be_sent_and_names_what_is_missing() -> None:
    cannot, own = ("cannot_send", "accounts[0].dialect"), "env:PATCHBAY_SECRET_SMALL_"
    assert configured(secret=f"{own}S", handshakeSecret=f"{own}H") == [cannot]
    at = "accounts[0].channels[0]"
    assert configured() == [("channel_closed", at), ("handshake_closed", at), cannot]


@pytest.mark.parametrize("body", RIGHT_WEBHOOKS)
def test_every_right_webhook_is_recognised_and_read_whole(body: Any) -> None:
    assert WhatsApp().recognise(Received(b""), body) is not None
    assert [one for one in read(body) if isinstance(one, Refused)] == []
