"""What stays apart from an event that is too large, and that nothing is lost by it."""

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.errors import EventTooLarge
from shared.events.catalog import Event
from shared.events.claim_check import (
    MAX_DATA_BYTES,
    MIN_CONTENT_BYTES,
    CheckedIn,
    addressed,
    check_in,
    checks_of,
    restored,
)
from shared.events.codec import MAX_EVENT_BYTES, decode_event, encode_event, event_from
from shared.events.data import Author
from shared.events.overflow import place_of
from shared.events.stamp import LONGEST
from shared.events.types.message_posted import MessagePosted
from shared.strict_json import canonical_json
from tests.builders import PSEUDONYMS, TEN, document, escalated, message, message_document

BOT = {"role": "bot", "id": "contoso-bot"}


def whole(made: CheckedIn) -> Any:
    """The event as a reader has it, as canonical JSON."""
    event = restored(made.event, made.contents)
    return canonical_json(event.model_dump(mode="json", by_alias=True, exclude_unset=True))


def same(event: Event) -> Any:
    return canonical_json(event.model_dump(mode="json", by_alias=True, exclude_unset=True))


def told(lines: int, letters: int) -> list[dict[str, Any]]:
    return [{"id": f"h{n}", "author": BOT, "text": "ü" * letters, "odd": {"n": n}} for n in range(lines)]


LARGE = st.sampled_from([0, 1, 1000, MIN_CONTENT_BYTES, 60_000]) | st.integers(0, 2000)
AROUND = st.integers(MAX_DATA_BYTES - 600, MAX_DATA_BYTES + 600) | st.integers(
    MAX_EVENT_BYTES - 600, MAX_EVENT_BYTES + 600
)


@settings(max_examples=60)
@given(size=AROUND | st.integers(0, 900_000), letter=st.sampled_from(["x", "é", "🙂", '"']), summary=LARGE, value=LARGE)
def test_of_every_size_what_travels_fits_and_what_is_read_is_what_was_sent(
    size: int, letter: str, summary: int, value: int
) -> None:
    # given an escalation whose history, summary and members that nobody knows have these sizes
    text = letter * (size // len(letter.encode()))
    history = [{"id": "h", "author": BOT, "text": text}]
    event = escalated(transcript=history, summary="s" * summary, odd={"value": "v" * value})
    # when it is checked in
    made = check_in(event)
    # then it fits into a message, its routing data are untouched, and nothing of it is lost
    assert len(encode_event(made.event)) <= MAX_EVENT_BYTES
    assert decode_event(encode_event(made.event)) == made.event
    assert (made.event.subject, made.event.id, made.event.data.channel) == (event.subject, event.id, event.data.channel)
    assert whole(made) == same(event)
    assert {check.sha256 for check in checks_of(made.event)} == set(made.contents)
    # and it is the same event again when the channel tries again
    assert check_in(event) == made


@settings(max_examples=40)
@given(
    st.lists(st.tuples(LARGE | st.integers(0, 300_000), LARGE), max_size=12), st.integers(0, 3), st.integers(0, 250_000)
)
def test_attachments_of_every_size_are_kept(sizes: list[tuple[int, int]], files: int, text: int) -> None:
    # given a line with cards, with files inside, and with a long text
    cards = [{"name": "c", "contentType": "x/card", "content": {"a": "c" * n}, "odd": "o" * m} for n, m in sizes]
    inside = [{"name": "f", "contentType": "image/png", "url": "data:image/png;base64," + "QUJD" * 9000}] * files
    made = check_in(message(attachments=[*cards, *inside], text="t" * text))
    # when it is read again, with what attachments keep put back by hand (no check hides behind another one)
    assert len(encode_event(made.event)) <= MAX_EVENT_BYTES
    assert {check.sha256 for check in checks_of(made.event)} == set(made.contents)
    event = restored(made.event, made.contents)
    data = json.loads(encode_event(event))["data"]
    for one in data["attachments"]:
        for name, check in one.pop("claimChecks", {}).items():
            content = made.contents[check["sha256"]]
            inline = check["contentType"] == "image/png"
            one[name] = "data:image/png;base64," + base64.b64encode(content).decode() if inline else json.loads(content)
            if inline:
                assert one.pop("size") == len(content)
    # then it is what was sent
    assert (data["attachments"], data["text"]) == ([*cards, *inside], "t" * text)


def test_what_fits_travels_as_it_came(check_in: Callable[[Event], CheckedIn] = check_in) -> None:
    # given data of exactly what may travel
    empty = len(json.dumps(message_document(padding="")["data"], separators=(",", ":"), ensure_ascii=False).encode())
    sent = message_document()
    sent["data"]["padding"] = "x" * (MAX_DATA_BYTES - empty - len(',"padding":""'))
    # when it is checked in, whatever the size of its envelope, then nothing stays apart
    for envelope in ({}, {"subject": "c" * 256, "source": "/" + "s" * 2000}):
        event = event_from({**sent, **envelope})
        assert check_in(event) == CheckedIn(event, {})
    # and with one byte more the largest member does, and no other
    sent["data"]["padding"] += "x"
    made = check_in(event_from(sent))
    assert list(made.event.data.claim_checks) == ["padding"]


def test_what_routing_needs_stays_and_what_cannot_be_kept_apart_is_named() -> None:
    # given variables, which routing looks at, and a history beside them
    variables = {f"Variable{n}": "x" * 4000 for n in range(40)}
    made = check_in(escalated(context_variables=variables, transcript=told(100, 1000)))
    assert list(made.event.data.claim_checks) == ["transcript"]
    # when the variables alone are too large, or the envelope is, or there are too many small members
    more = {f"Variable{n}": "x" * 4000 for n in range(60)}
    for event, largest in (
        (escalated(context_variables=more, transcript=told(100, 1000)), "data.contextVariables"),
        (event_from(message_document(extension="x" * 210_000)), "extension"),
        (message(**{f"small{n:02}": "x" * 15_000 for n in range(30)}), "data.small29"),
    ):
        # then the event is refused by the member's name
        with pytest.raises(EventTooLarge, match=largest) as refused:
            check_in(event)
        assert [mistake.path for mistake in refused.value.mistakes] == [largest]


def test_an_event_gets_its_subject_with_all_that_was_kept_apart_and_still_has_to_fit() -> None:
    # given an event whose conversation was found after it was checked in
    made = check_in(message(text="x" * MAX_DATA_BYTES))
    # when it gets its subject, then it is the event that would have been checked in with it
    assert addressed(made, "another") == check_in(message("another", text="x" * MAX_DATA_BYTES, event_id=made.event.id))
    # and one for which a longer subject leaves no room is refused by its largest member
    empty = len(encode_event(event_from(message_document(extension="")).with_unknown(LONGEST)))
    full = check_in(event_from(message_document(extension="x" * (MAX_EVENT_BYTES - empty))))
    with pytest.raises(EventTooLarge, match=f"has {MAX_EVENT_BYTES + 8} bytes.*extension is the largest"):
        addressed(full, "c" * 10)


def test_a_body_of_a_megabyte_brings_few_contents() -> None:
    # given as many members and files as a body holds, each just worth a check
    worth = "x" * MIN_CONTENT_BYTES
    events = (
        message(**{f"member{n}": worth for n in range(62)}),
        message(attachments=[{"name": "f", "contentType": "x/card", "content": worth}] * 62),
    )
    for event in events:
        assert 1_000_000 < len(encode_event(event)) < 1024 * 1024
        # when they are checked in, then there are no more contents than that
        made = check_in(event)
        assert len(encode_event(made.event)) <= MAX_EVENT_BYTES
        assert len(list(checks_of(made.event))) <= 64


@pytest.mark.parametrize(
    ("url", "kind", "content"),
    [
        ("data:text/html;charset=utf-8;base64,PGI+", "text/html;charset=utf-8", b"<b>"),
        ("DATA:IMAGE/PNG;BASE64,QUJD", "IMAGE/PNG", b"ABC"),
        ("data:;base64,QUJD", "image/png", b"ABC"),
        ("data:text/plain,a%20b%C3%BC", "text/plain", "a bü".encode()),
    ],
)
def test_the_file_in_a_data_url_is_kept_as_bytes(url: str, kind: str, content: bytes) -> None:
    # given a file inside a URL, made long
    filling = "QUJD" * 80_000 if ";base64" in url.casefold() else "x" * 300_000
    expected = content + (b"ABC" * 80_000 if ";base64" in url.casefold() else b"x" * 300_000)
    made = check_in(message(attachments=[{"name": "f", "contentType": "image/png", "url": url + filling}]))
    # then its bytes are kept, of the type that the URL says
    (check,) = checks_of(made.event)
    assert (made.contents[check.sha256], check.content_type, check.size) == (expected, kind, len(expected))


@pytest.mark.parametrize(
    "url",
    ["data:image/png;base64,!!!", "data:image/png;base64", "https://x.example/" + "?" * 300, "data:" + ";a=" * 99],
)
def test_any_other_long_url_is_kept_as_it_is(url: str) -> None:
    given_url = url + "=" * 300_000
    made = check_in(message(attachments=[{"name": "f", "contentType": "image/png", "url": given_url}]))
    (check,) = checks_of(made.event)
    assert (json.loads(made.contents[check.sha256]), check.content_type) == (given_url, "application/json")


@pytest.mark.parametrize("attachments", [5, "x" * 300_000, [1], [{"claimChecks": "x"}], {"content": "x"}, None])
def test_members_that_an_event_type_does_not_know_may_be_anything(attachments: Any) -> None:
    said = {"attachments": attachments, "transcript": told(300, 1000)}
    event = event_from(document("inactivity.timeout", {"dueAt": TEN, **said}))
    made = check_in(event)
    assert len(encode_event(made.event)) <= MAX_EVENT_BYTES
    assert whole(made) == same(event)


@pytest.mark.parametrize("content", [b"\xff", b"[" * 100_000, b"7", b'{"role": "bot"}'])
@pytest.mark.parametrize("member", ["text", "author", "transcript", "attachments", "sequence"])
def test_a_check_that_a_sender_made_up_harms_nobody(member: str, content: bytes) -> None:
    # given a line that names a member by a content of other kind
    forged = {"sha256": "0" * 64, "size": 1, "contentType": "application/json"}
    event = message(text=None, claimChecks={member: forged})
    # when it is restored, then the line stays readable, with its author
    assert _author(restored(event, {"0" * 64: content})) == _author(event)


def _author(event: Event) -> Author:
    assert isinstance(event, MessagePosted)
    return event.data.author


def test_an_event_without_a_subject_has_a_place_of_its_own() -> None:
    # given events that differ in conversation, thread, source or id, and one twice
    channel = {"accountId": "a", "channelId": "c", "threadId": "t"}
    events = [
        message("c1"),
        message(None, channel=channel, event_id="1"),
        message(None, channel=channel, event_id="2"),
        message(None, channel={**channel, "threadId": "u"}, event_id="1"),
    ]
    # then each has another place, and always the same
    assert len({place_of(event, PSEUDONYMS) for event in events}) == len(events)
    assert place_of(events[0], PSEUDONYMS) == place_of(message("c1", event_id="other"), PSEUDONYMS) == "c1"
    assert place_of(events[1], PSEUDONYMS) == place_of(
        message(None, channel=channel, event_id="1", text="other"), PSEUDONYMS
    )
