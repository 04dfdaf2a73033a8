"""The decoder: what a sender adds survives, what is wrong is named, and nothing but a refusal ever comes out."""

import codecs
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from shared.errors import EventTooLarge, InvalidEvent, Refused
from shared.events.catalog import EVENT_TYPES, TRAVELLING, Event
from shared.events.codec import MAX_EVENT_BYTES, decode_event, encode_event, event_from, sized_event, stored_event
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.bot_failed_over import BotFailedOver
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from shared.events.types.inactivity_timeout import InactivityTimeout
from shared.events.types.message_changed import MessageChanged
from shared.events.types.message_posted import MessagePosted
from shared.events.types.session_settled import SessionSettled
from shared.strict_json import _parse_carefully
from shared.wire import validate
from tests.builders import document, json_values, message_document
from tests.odd_json import odd_json
from tests.test_wire import outcome

CHANNEL = {"accountId": "a", "channelId": "b", "threadId": "t"}
LINE = {"author": {"role": "bot", "id": "b", "smartAssist": True}, "text": None, "sequence": 3}
CARD = {"name": "card", "contentType": "application/json", "size": 0, "content": {"x": [1.5, None]}}
DOCUMENTS = {
    ConversationStarted: document(
        "conversation.started",
        {"channel": CHANNEL, "customer": {"id": "u", "locale": "En-US"}, "contextVariables": {"Age": 18, "x": [True]}},
    ),
    MessagePosted: document("message.posted", {**LINE, "attachments": [CARD], "visibility": "private"}),
    MessageChanged: document(
        "message.changed", {"messageId": "m1", "text": "new", "attachments": [CARD], "author": LINE["author"]}
    ),
    BotEscalated: document(
        "bot.escalated",
        {
            "botId": "<REDACTED>",
            "summary": "wants a card",
            "transcript": [
                {"id": "91hc|0000005", "time": "2026-10-05T09:59:00+00:00", "author": {"role": "customer", "id": "u"}}
            ],
        },
        conversation="19:x@thread.v2/91hc|0000001",
        at="2026-10-05T10:00:00.1234567+02:00",
    ),
    BotFailedOver: document("bot.failedOver", {"botId": "b", "messageId": "f1", "queue": "Q"}),
    SessionSettled: document(
        "session.settled", {"revision": 2, "continues": True, "holder": {"kind": "bot", "id": "b"}}
    ),
    InactivityTimeout: document("inactivity.timeout", {"dueAt": "2026-10-05t10:05:00z"}),
    ConversationEnded: document("conversation.ended", {"endedBy": "system", "reason": "inactivity"}),
}


@pytest.mark.parametrize(("model", "sent"), DOCUMENTS.items())
def test_every_type_is_decoded_to_its_model_and_written_as_it_came(model: type, sent: dict[str, Any]) -> None:
    # given an event of each type
    # when it is decoded, and encoded again
    event = decode_event(json.dumps(sent).encode())
    # then it has its type's model, and not a member more or less than was sent
    assert isinstance(event, model)
    assert json.loads(encode_event(event)) == sent
    assert stored_event(event.to_json()) == event


def test_every_known_type_is_tried_above() -> None:
    # given the types that the codec knows, then the test above covers each
    assert {sent["type"] for sent in DOCUMENTS.values()} == set(EVENT_TYPES)


ATTRIBUTES = ["specversion", "id", "source", "type", "subject", "time", "tenantid", "datacontenttype"]
ADDED = st.dictionaries(st.text(max_size=12), json_values(6), max_size=3)


@given(st.sampled_from(list(DOCUMENTS.items())), ADDED, ADDED)
def test_unknown_members_survive_a_round_trip(
    sample: tuple[Any, dict[str, Any]], attributes: dict[str, Any], members: dict[str, Any]
) -> None:
    # given an event with extension attributes and members of data that nobody here knows
    model, sent = sample
    declared = model.model_fields["data"].annotation.model_fields.values()
    known = {*ATTRIBUTES, *(field.alias for field in declared)}
    attributes, members = ({name: one[name] for name in one.keys() - known} for one in (attributes, members))
    extended = {**attributes, **sent, "data": {**members, **sent["data"]}}
    # when it is decoded and encoded, as often as you like
    event = decode_event(json.dumps(extended).encode())
    again = decode_event(encode_event(event))
    # then they are all there, and the event is the same
    assert json.loads(encode_event(again)) == extended
    assert again == event


@pytest.mark.parametrize(
    "name",
    [
        "moment",
        "finer_digits",
        "to_json",
        "model_config",
        "__class__",
        "",
        "self",
        "author",
        "subscription",
    ],
)
def test_an_extension_attribute_may_have_any_name(name: str) -> None:
    # given an attribute that is called like something in our own code
    sent = message_document(**{name: "x"})
    # when it is decoded
    event = event_from(sent)
    # then it is kept, and changes nothing
    assert json.loads(encode_event(event)) == sent
    assert event.moment == event_from(message_document()).moment


@pytest.mark.parametrize(
    ("attributes", "path", "reason"),
    [
        ({"specversion": "0.3"}, "specversion", "should be '1.0'"),
        ({"id": ""}, "id", "string should have at least 1 character"),
        ({"id": "x" * 129}, "id", "string should have at most 128 characters"),
        ({"id": 7}, "id", "should be a valid string"),
        ({"source": ""}, "source", "string should have at least 1 character"),
        ({"subject": "x" * 257}, "subject", "string should have at most 256 characters"),
        ({"subject": ""}, "subject", "string should have at least 1 character"),
        ({"tenantid": None}, "tenantid", "should be a valid string"),
        ({"time": "yesterday"}, "time", "is not an RFC 3339 time with an offset, such as 2026-10-01T12:00:00Z"),
        ({"time": 1791194400}, "time", "should be a valid string"),
        ({"datacontenttype": 1}, "datacontenttype", "should be a valid string"),
        ({"data": None}, "data", "should be an object"),
        ({"data": []}, "data", "should be an object"),
        ({"data": {}}, "data.author", "is missing"),
        ({"data": {"author": {"id": "u"}}}, "data.author.role", "is missing"),
        (
            {"data": {"author": {"id": "u", "role": 1}}},
            "data.author.role",
            "should be 'customer', 'bot', 'agent' or 'system'",
        ),
        ({"data": {**LINE, "text": 5}}, "data.text", "should be a valid string"),
        ({"data": {**LINE, "sequence": "1"}}, "data.sequence", "should be a valid integer"),
        ({"data": {**LINE, "visibility": "hidden"}}, "data.visibility", "should be 'public' or 'private'"),
        ({"data": {**LINE, "attachments": {}}}, "data.attachments", "should be a valid array"),
        ({"data": {**LINE, "attachments": [CARD, {"name": "x"}]}}, "data.attachments[1].contentType", "is missing"),
        (
            {"data": {**LINE, "attachments": [{**CARD, "size": -1}]}},
            "data.attachments[0].size",
            "should be greater than or equal to 0",
        ),
        ({"data": {**LINE, "channel": {"accountId": "a"}}}, "data.channel.channelId", "is missing"),
    ],
)
def test_a_wrong_member_is_named_with_its_path_and_the_reason(
    attributes: dict[str, Any], path: str, reason: str
) -> None:
    # given a line with one wrong member
    # when it is decoded
    with pytest.raises(InvalidEvent) as refusal:
        decode_event(json.dumps(message_document(**attributes)).encode())
    # then that member is named, and no other
    assert [(mistake.path, mistake.reason) for mistake in refusal.value.mistakes] == [(path, reason)]


@pytest.mark.parametrize("name", ["specversion", "id", "source", "time", "tenantid", "data"])
def test_a_missing_attribute_is_named(name: str) -> None:
    # given an event without an attribute that every event needs
    sent = message_document()
    del sent[name]
    # when it is decoded, then the attribute is named
    with pytest.raises(InvalidEvent, match=f"^{name}: is missing$"):
        event_from(sent)


@pytest.mark.parametrize(
    ("event_type", "data", "path", "reason"),
    [
        ("conversation.started", {"channel": CHANNEL}, "data.customer", "is missing"),
        (
            "conversation.started",
            {"channel": CHANNEL, "customer": {"id": ""}},
            "data.customer.id",
            "string should have",
        ),
        ("bot.escalated", {"botId": None}, "data.botId", "should be a valid string"),
        ("bot.escalated", {"botId": "b", "contextVariables": None}, "data.contextVariables", "should be an object"),
        (
            "bot.escalated",
            {"botId": "b", "transcript": [{"author": {"role": "bot"}}]},
            "data.transcript[0].author.id",
            "is missing",
        ),
        ("inactivity.timeout", {"dueAt": "2026-10-05"}, "data.dueAt", "is not an RFC 3339 time with an offset"),
        (
            "conversation.ended",
            {"endedBy": "nobody", "reason": "other"},
            "data.endedBy",
            "should be 'customer', 'bot', ",
        ),
        ("conversation.ended", {"endedBy": "bot", "reason": "timeout"}, "data.reason", "should be 'resolved', "),
    ],
)
def test_each_type_names_the_mistakes_of_its_own_data(
    event_type: str, data: dict[str, Any], path: str, reason: str
) -> None:
    # given data that lacks what its type asks for
    with pytest.raises(InvalidEvent) as refusal:
        event_from(document(event_type, data))
    # then the path leads there, without the type in front of it
    [mistake] = refusal.value.mistakes
    assert mistake.path == path
    assert mistake.reason.startswith(reason)


def test_all_mistakes_are_named_at_once() -> None:
    # given an event with mistakes in its envelope and in its data
    sent = message_document(id="", time="now", data={"author": {"role": "bot"}})
    # when it is decoded, then one answer names them all
    with pytest.raises(InvalidEvent) as refusal:
        event_from(sent)
    assert {mistake.path for mistake in refusal.value.mistakes} == {"id", "time", "data.author.id"}


@pytest.mark.parametrize(
    ("given_type", "shown"),
    [
        ({"type": "chat.sent"}, 'is "chat.sent"; known are KNOWN'),
        ({"type": "Message.post"}, "is \"Message.post\"; known are KNOWN; did you mean 'message.posted'?"),
        ({"type": ["x"]}, 'is ["x"]; known are KNOWN'),
        ({"type": None}, "is null; known are KNOWN"),
        ({}, "is missing; known are KNOWN"),
    ],
)
def test_an_unknown_type_is_answered_with_the_known_ones(given_type: dict[str, Any], shown: str) -> None:
    # given an event of a type that nobody handles, or of none
    sent = message_document()
    del sent["type"]
    # when it is decoded, then the answer shows what came and what could have come
    with pytest.raises(InvalidEvent) as refusal:
        event_from({**sent, **given_type})
    assert refusal.value.detail == f"type: {shown.replace('KNOWN', ', '.join(TRAVELLING))}"


@pytest.mark.parametrize("channel", [None, {"accountId": "a", "channelId": "b"}])
def test_an_event_that_names_neither_conversation_nor_thread_is_refused(channel: dict[str, str] | None) -> None:
    # given a line without a subject, and without the channel's thread
    sent = document("message.posted", {**LINE, "channel": channel}, conversation=None)
    # when it is decoded, then the answer names both ways to address it
    with pytest.raises(InvalidEvent, match=r"subject is missing, and data\.channel does not name"):
        event_from(sent)


def test_an_event_may_name_its_thread_instead_of_the_conversation() -> None:
    # given a bot that knows its channel's thread only
    event = event_from(document("message.posted", {**LINE, "channel": CHANNEL}, conversation=None))
    # then it is a good event, still to be resolved
    assert event.subject is None
    assert event.data.channel is not None
    assert event.data.channel.thread_id == "t"


def test_the_size_of_one_event_is_limited_to_200_kb() -> None:
    # given an event of exactly the limit
    empty = len(encode_event(event_from(message_document(padding=""))))
    fitting = message_document(padding="x" * (MAX_EVENT_BYTES - empty))
    assert len(encode_event(event_from(fitting))) == MAX_EVENT_BYTES
    assert decode_event(encode_event(event_from(fitting))) == event_from(fitting)
    # when it is one byte longer, or would be when it is written again, then the bus's decoder refuses it
    larger = event_from({**fitting, "padding": fitting["padding"] + "x"})
    with pytest.raises(EventTooLarge, match=f"has {MAX_EVENT_BYTES + 1} bytes; one event may have {MAX_EVENT_BYTES}"):
        decode_event(encode_event(larger))
    shorter = encode_event(event_from(message_document(padding=""))).replace(b'""', b"[" + b"1e15," * 20_000 + b"1]")
    assert len(shorter) < MAX_EVENT_BYTES
    with pytest.raises(EventTooLarge):
        decode_event(shorter)


def test_a_body_far_over_the_limit_is_refused_before_it_is_parsed() -> None:
    # given a body over the limit that is not even JSON
    # when it is decoded, then its size is the reason
    with pytest.raises(EventTooLarge):
        decode_event(b"[" * (MAX_EVENT_BYTES + 1))


SENT = [json.dumps(sent).encode() for sent in DOCUMENTS.values()]


@settings(max_examples=1000)
@given(odd_json(SENT))
def test_an_event_is_read_from_its_bytes_as_from_its_document(body: bytes) -> None:
    check_decoder(body)


def check_decoder(body: bytes, decode: Callable[[bytes], Event] = decode_event) -> None:
    # given a body in which anything is odd, and its document as the careful parser reads it
    def by_document(read: Callable[[Any], Event]) -> str:
        return outcome(lambda: written(read(_parse_carefully(body, InvalidEvent, unique_members=False))))

    # when it is decoded, then the event, or the mistakes, are those of the document, also if that is written anew
    decoded = outcome(lambda: written(decode(body)))
    assert decoded == by_document(event_from)
    if not decoded.startswith("refused"):
        assert decoded == by_document(lambda document: validate(TypeAdapter(Event), document, InvalidEvent))


def written(event: Event) -> tuple[str, str, list[str]]:
    """The event in all its parts."""
    return event.to_json(), repr(event), sorted(event.model_fields_set)


LONGEST_NUMBERS = message_document(odd=[[1e15] * 30, {"thread_id": 1e15, "é": "\x7f\x00"}], read_by=1, tenant_id=1e15)


@given(odd_json([*SENT, json.dumps(LONGEST_NUMBERS).replace("1000000000000000.0", "1e15").encode()]))
def test_an_event_takes_at_most_five_times_the_bytes_of_what_was_read(body: bytes) -> None:
    # given a body with numbers and members that are written longer than they came
    try:
        event, most_bytes = sized_event(_parse_carefully(body, InvalidEvent, unique_members=False))
    except InvalidEvent:
        return
    # when it is read, then the event has no more bytes than the reader says, and than the body allows
    assert len(encode_event(event)) <= min(most_bytes, 5 * len(body))


def test_a_byte_order_mark_before_an_event_is_skipped() -> None:
    # given an event as some editors write it
    body = json.dumps(message_document()).encode()
    # when it is decoded, then it is the same event
    assert decode_event(codecs.BOM_UTF8 + body) == decode_event(body)


ALMOST = st.builds(
    lambda sent, changes, data: {**sent, **changes, "data": {**sent["data"], **data}},
    st.sampled_from(list(DOCUMENTS.values())),
    st.dictionaries(st.sampled_from(ATTRIBUTES), json_values(4), max_size=2),
    st.dictionaries(
        st.sampled_from(["author", "channel", "customer", "botId", "dueAt", "transcript", "reason"]), json_values(4)
    ),
)
ANYTHING = st.binary(max_size=200) | (json_values() | ALMOST).map(lambda value: json.dumps(value).encode())


@settings(max_examples=500)
@given(ANYTHING)
def test_whatever_comes_is_an_event_or_refused(body: bytes) -> None:
    # given arbitrary bytes, arbitrary JSON, or an event with anything in its members
    # when it is decoded, then it is an event that can be written and read, or a refusal
    try:
        event = decode_event(body)
    except Refused:
        return
    assert stored_event(event.to_json()) == event


@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_an_event_of_any_depth_is_kept_or_refused(opening: str, closing: str) -> None:
    # given an unknown attribute nested to every depth that a parser may stumble at
    start = json.dumps(message_document())[:-1] + ',"deep":'
    for depth in [*range(60, 70), *range(180, 220), *range(960, 1010), 20_000]:
        body = (start + opening * depth + "1" + closing * depth + "}").encode()
        # when it is decoded, then what is not refused is written as it came
        try:
            event = decode_event(body)
        except InvalidEvent:
            assert depth >= 64
            continue
        assert json.loads(encode_event(event)) == json.loads(body)


def test_an_event_that_is_made_here_has_64_levels_as_well() -> None:
    # given a payload whose levels come on top of the event's own
    def nested(levels: int) -> dict[str, Any]:
        return message_document(data={**LINE, "native": json.loads("[" * levels + "]" * levels)})

    # when it becomes an event, then it is refused just where the bus's decoder would refuse it
    assert decode_event(encode_event(event_from(nested(62)))) == event_from(nested(62))
    with pytest.raises(InvalidEvent, match="the document is nested more than 64 levels deep"):
        event_from(nested(63))
