"""The transcript: in order, lossless, and without private lines for the customer."""

from collections.abc import Callable, Iterable

from hypothesis import given
from hypothesis import strategies as st

from shared.conversations.fact import Fact
from shared.conversations.transcript import Audience, TranscriptEntry, transcript
from shared.conversations.transcript_text import text_of
from shared.events.catalog import Event
from shared.events.envelope import parse_time
from tests.builders import ended, escalated, fact_of, message, started
from tests.seeds import SUMMARY

NOW = parse_time("2026-11-20T12:00:00Z")


Transcript = Callable[[Iterable[Fact], Audience], list[TranscriptEntry]]


def lines(audience: Audience, *events: Event, transcript: Transcript = transcript) -> list[TranscriptEntry]:
    return transcript([fact_of(event, NOW) for event in events], audience)


def texts(entries: list[TranscriptEntry]) -> list[str | None]:
    return [entry.text for entry in entries]


def test_lines_come_in_the_order_of_time_then_of_the_channels_sequence() -> None:
    # Given lines that arrive in another order than they were said
    said: list[Event] = [
        message(text="third", at="2026-10-05T10:00:01Z", sequence=2),
        message(text="second", at="2026-10-05T10:00:01Z", sequence=1),
        message(text="first", at="2026-10-05T10:00:00Z"),
    ]
    assert texts(lines("customer", *said)) == ["first", "second", "third"]


@given(st.lists(st.tuples(st.text(), st.sampled_from(["public", "private"])), max_size=8))
def test_the_customers_copy_never_holds_a_private_line_and_the_agents_copy_holds_all(
    said: list[tuple[str, str]],
) -> None:
    check_who_reads_what(said)


def check_who_reads_what(said: list[tuple[str, str]], transcript: Transcript = transcript) -> None:
    # Given lines of any text, public or private, and an escalation with a summary
    events: list[Event] = [
        message(text=text, visibility=seen, event_id=f"m{n}", sequence=n) for n, (text, seen) in enumerate(said)
    ]
    handover = escalated(at="2026-10-05T11:00:00Z", summary="for the agent")
    # Then the customer reads the public lines, the agent every line, each exactly as it was said
    customers = lines("customer", handover, *events, transcript=transcript)
    assert texts(customers) == [text for text, seen in said if seen == "public"]
    agents = lines("agent", handover, *events, transcript=transcript)
    assert texts(agents) == [*(text for text, _ in said), "for the agent"]


def test_a_line_keeps_all_that_the_channel_sent_with_it() -> None:
    # Given a card with members that we do not know
    card = {"name": "card", "contentType": "application/vnd.card", "content": {"body": [1, {"a": None}]}}
    entry = lines("agent", message(attachments=[card], replyToId="m0", at="2026-10-05T10:00:00.1234567Z"))[0]
    # Then it stands in the transcript as it came
    assert entry.model_dump(mode="json", by_alias=True, exclude_unset=True)["attachments"] == [card]
    assert entry.extra == {"replyToId": "m0"}
    assert entry.time == "2026-10-05T10:00:00.1234567Z"


def test_lines_after_the_end_are_kept_and_marked() -> None:
    entries = lines(
        "agent", started(), ended(at="2026-10-05T11:00:00Z"), message(text="late", at="2026-10-05T12:00:00Z")
    )
    assert [(entry.text, entry.late) for entry in entries] == [("late", True)]


def test_a_bots_history_adds_only_the_lines_that_nobody_else_told() -> None:
    # Given a hand-over whose history holds a line that is known, one that is not, and a private one
    history = [
        {"id": "m1", "author": {"role": "customer", "id": "u"}, "text": "known"},
        {"id": "m2", "author": {"role": "bot", "id": "contoso-bot"}, "text": "unknown"},
        {"id": "m3", "author": {"role": "bot", "id": "contoso-bot"}, "text": "hidden", "visibility": "private"},
    ]
    events: list[Event] = [
        message(text="known", event_id="m1"),
        escalated(at="2026-10-05T10:05:00Z", transcript=history),
    ]
    # Then the line that is known stands once, the others are marked
    assert [(entry.text, entry.origin) for entry in lines("agent", *events)] == [
        ("known", "message"),
        ("unknown", "botHistory"),
        ("hidden", "botHistory"),
        (SUMMARY, "summary"),
    ]
    assert texts(lines("customer", *events)) == ["known", "unknown"]


def handed_line(text: str, second: int | None, role: str = "customer", **members: object) -> dict[str, object]:
    """A line of a bot's history without an id."""
    time = {} if second is None else {"time": f"2026-10-05T10:00:{second:02}Z"}
    return {"author": {"role": role, "id": "customer-1" if role == "customer" else "contoso-bot"}, "text": text} | (
        time | members
    )


def test_a_line_of_a_bots_history_stands_at_its_own_time() -> None:
    # Given lines before and after an end, and a hand-over after it whose history lies between them
    history = [
        handed_line("untimed, first", None),
        handed_line("early", 1),
        handed_line("untimed", None),
        handed_line("between", 5),
        handed_line("ahead of its hand-over", 59),
    ]
    events: list[Event] = [
        message(text="live", at="2026-10-05T10:00:03Z"),
        ended(at="2026-10-05T10:00:10Z"),
        message(text="late", at="2026-10-05T10:00:20Z"),
        escalated(at="2026-10-05T10:00:30Z", transcript=history),
    ]
    # Then each stands where it was said, and only what was said after the end is late
    assert [(entry.text, entry.late) for entry in lines("agent", *events)] == [
        ("untimed, first", False),
        ("early", False),
        ("untimed", False),
        ("live", False),
        ("between", False),
        ("late", True),
        ("ahead of its hand-over", True),
        (SUMMARY, True),
    ]


def test_as_text_an_escalation_shows_its_reason_with_its_summary_or_alone() -> None:
    told, alone = (
        lines("agent", started(), escalated(summary=summary, reason="angry"))[-1] for summary in (SUMMARY, None)
    )
    assert text_of(told).splitlines()[1:] == [f"    {SUMMARY}", "    escalated: angry"]
    assert text_of(alone).splitlines()[1:] == ["    escalated: angry"]


def test_lines_that_are_files_without_text_are_all_shown() -> None:
    # Given a live file without a text, and another one of the same second in a bot's history
    def file(name: str) -> list[dict[str, str]]:
        return [{"name": name, "contentType": "image/png", "url": f"https://files.example/{name}"}]

    live = message(text="", at="2026-10-05T10:00:03Z", attachments=file("live.png"))
    told = escalated(at="2026-10-05T10:00:10Z", transcript=[handed_line("", 3, attachments=file("told.png"))])
    # Then both are there
    names = {attachment.name for entry in lines("agent", live, told) for attachment in entry.attachments}
    assert names == {"live.png", "told.png"}


def test_a_line_that_several_tell_is_shown_once(transcript: Transcript = transcript) -> None:
    # Given a live line, and two hand-overs whose histories hold it under no id, and lines of their own
    once = handed_line("said twice in one second", 7)
    first = [handed_line("Hello", 1), once, once]
    events: list[Event] = [
        message(text="Hello", at="2026-10-05T10:00:01.400Z"),
        message(text="Hello", at="2026-10-05T10:00:02Z"),
        escalated(at="2026-10-05T10:00:30Z", summary=None, transcript=first),
        escalated(at="2026-10-05T10:00:40Z", summary=None, transcript=[*first, handed_line("Hello", 1, "bot")]),
    ]
    # Then author, text and second tell which lines are the same
    assert [
        (entry.text, entry.author.role, entry.origin) for entry in lines("agent", *events, transcript=transcript)
    ] == [
        ("Hello", "bot", "botHistory"),
        ("Hello", "customer", "message"),
        ("Hello", "customer", "message"),
        ("said twice in one second", "customer", "botHistory"),
        ("said twice in one second", "customer", "botHistory"),
    ]
