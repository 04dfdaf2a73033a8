"""What the sample month must hold, so that nothing of it vanishes unnoticed."""

import json
import unicodedata
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import chain, pairwise
from zoneinfo import ZoneInfo

import pytest

from local.independent_count.conversation import CountedConversation
from local.sample.cast import BOTS, ZONES
from local.sample.texts import BUTTONS
from local.sample.traffic import OUTAGE
from shared.events.envelope import parse_time
from tests.local.sample.months import (
    MONTH,
    SEED,
    activities,
    cloud_events,
    counted,
    documents,
    thread_of,
    threads,
    time_of,
    updates,
)

TENANTS = sorted(ZONES)
MINUTE = timedelta(minutes=1)
ASSISTANTS = {f"28:{app_id}" for (_, who), (_, app_id, _) in BOTS.items() if who == "assistant"}


def of(tenant: str) -> list[CountedConversation]:
    return [one for one in counted() if one.tenant == tenant]


def month_begins(tenant: str, month: int) -> datetime:
    """The first moment of a month of 2026 in the tenant's own time zone."""
    return datetime(2026, month, 1, tzinfo=ZONES[tenant])


def test_every_tenant_lives_in_another_time_zone_and_two_of_them_far_from_utc() -> None:
    zones = {tenant: ZoneInfo(of(tenant)[0].configuration["timeZone"]) for tenant in TENANTS}
    assert zones == ZONES
    hours = {tenant: f"{datetime(2026, 10, 15, 12, tzinfo=zone):%z}" for tenant, zone in zones.items()}
    assert hours == {"contoso": "+0000", "fabrikam": "+0200", "northwind": "-0700"}


def test_speaks_three_dialects() -> None:
    # When the threads of each dialect are counted, those of events that name their conversation for the third
    posts = MONTH(SEED).posts
    web = {thread_of(one) for _, one in activities(posts)}
    telegram = {thread_of(one) for _, one in updates(posts)}
    app = {one["subject"] for _, one in cloud_events(posts) if "subject" in one}
    # Then each has hundreds
    assert min(len(web), len(telegram), len(app)) > 300


def test_holds_every_kind_of_bot_framework_activity() -> None:
    # When the activities' types, event names and commands are gathered
    found = [activity for _, activity in activities(MONTH(SEED).posts)]
    kinds = {activity["type"] for activity in found} | {activity.get("name") for activity in found}
    tags = (activity.get("channelData", {}).get("tags") for activity in found)
    commands = {json.loads(tag)["type"] for tag in tags if tag and tag != "smartbot"}
    # Then both ways to escalate and to end are there, and what an ingress ignores
    assert {"conversationUpdate", "message", "handoff.initiate", "endOfConversation", "typing"} <= kinds
    assert commands == {"Escalate", "EndConversation"}


def test_batches_bring_escalations_before_their_start() -> None:
    # Given where each event of a conversation comes first
    first: dict[tuple[str, str], int] = {}
    for place, (_, event) in enumerate(cloud_events(MONTH(SEED).posts)):
        first.setdefault((thread_of(event), event["type"]), place)
    # Then some escalations overtake the start
    escalated = {thread: place for (thread, kind), place in first.items() if kind == "bot.escalated"}
    assert any(place < first.get((thread, "conversation.started"), 0) for thread, place in escalated.items())


@pytest.mark.parametrize("tenant", TENANTS)
def test_some_conversations_end_in_silence_and_some_are_only_reminded(tenant: str) -> None:
    # When silences are counted
    silent = Counter((one.state, len(one.silences)) for one in of(tenant))
    # Then there are ends with and without a reminder before, and reminders after which somebody spoke
    assert silent["closed, inactivity", 2] >= 10
    assert silent["closed, inactivity", 1] >= 2
    assert silent["closed, resolved", 1] >= 5


@pytest.mark.parametrize("tenant", TENANTS)
def test_some_customers_come_back_after_an_end(tenant: str) -> None:
    # Given the threads in which there is more than one conversation, and what ended the first
    by_thread: dict[str, list[CountedConversation]] = {}
    for one in of(tenant):
        by_thread.setdefault(one.thread, []).append(one)
    first = Counter(several[0].state for several in by_thread.values() if len(several) > 1)
    # Then some ended in silence, some by somebody's word
    assert first["closed, inactivity"] >= 8
    assert first["closed, resolved"] >= 3


def test_some_conversations_have_two_bots_and_some_a_smart_assistant() -> None:
    bots, assisted = Counter[str](), Counter[str]()
    for thread, said in threads(MONTH(SEED)).items():
        authors = [one.get("data", {}).get("author", {}) for one in said]
        native = {one["from"]["id"] for one in said if one.get("from", {}).get("role") == "bot"} - ASSISTANTS
        named = {author["id"] for author in authors if author.get("role") == "bot" and not author.get("smartAssist")}
        bots[thread] = len(native | named)
        assisted[thread] = sum(bool(author.get("smartAssist")) for author in authors)
    assert sum(number == 2 for number in bots.values()) > 100
    assert sum(number > 0 for number in assisted.values()) > 70
    assert sum(one.assisted and one.invoked is None for one in counted()) > 40


@pytest.mark.parametrize("tenant", TENANTS)
def test_sessions_lie_close_to_both_sides_of_the_months_edges(tenant: str) -> None:
    # Given the sessions' distances to the first moments of October and November, in the tenant's own time zone
    for month, most in ((10, 2 * 60 * MINUTE), (11, 30 * MINUTE)):
        edge = month_begins(tenant, month)
        distances = [one.invoked - edge for one in of(tenant) if one.invoked is not None]
        # Then some begin shortly before, some at or shortly after
        assert any(-most <= distance < timedelta(0) for distance in distances)
        assert any(timedelta(0) <= distance <= most for distance in distances)
    # And a conversation lasts across the month's end
    end = month_begins(tenant, 11)
    assert any(one.begun < end < one.ended for one in of(tenant) if one.ended is not None)


def test_some_sessions_would_belong_to_another_month_in_utc() -> None:
    moved = Counter(
        one.tenant
        for one in counted()
        if one.invoked and one.invoked.month != one.invoked.astimezone(ZONES[one.tenant]).month
    )
    assert set(moved) == {"fabrikam", "northwind"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_corrections_of_every_kind_come_after_the_first_reading(tenant: str) -> None:
    # Given what is counted of after the first reading, and had happened half a day before
    month = MONTH(SEED)
    late = Counter(
        event["type"]
        for post, event in cloud_events(month.posts)
        if post.at > month.reading > parse_time(event["time"]) + 600 * MINUTE and event["tenantid"] == tenant
    )
    # Then it is a start, a bot's line, an escalation, and an end
    assert set(late) == {"conversation.started", "message.posted", "bot.escalated", "conversation.ended"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_an_outage_holds_lines_back_and_nobody_is_closed_for_it(tenant: str) -> None:
    # Given the conversations in which a bot's line came only after an outage, and nobody had spoken for that long
    silent = [
        one
        for one in of(tenant)
        for held, following in pairwise(one.heard)
        if held.who == "bot" and held.known - held.at >= OUTAGE and following.at - held.at > OUTAGE
    ]
    # Then there are some, and silence neither ended them nor reminded anybody
    assert len(silent) >= 2
    assert {(one.state, len(one.silences)) for one in silent} == {("closed, resolved", 0)}


@pytest.mark.parametrize("tenant", TENANTS)
def test_some_customers_come_back_while_what_an_outage_held_back_says_that_the_session_goes_on(tenant: str) -> None:
    # Given the conversations that silence ended, and that heard more afterwards, with the next ones of their threads
    found = of(tenant)
    pairs = [
        (one, following)
        for one, following in pairwise(found)
        if one.thread == following.thread and any(held.known - held.at >= OUTAGE for held in one.heard)
    ]
    # Then some of these are a part of the same session, and some are not
    assert {following.continues for _, following in pairs} == {True, False}
    assert {one.state for one, _ in pairs} == {"closed, inactivity"}
    assert sum(one.continues for one in found) == sum(following.continues for _, following in pairs)


def test_some_bots_never_answer_and_nobody_is_closed() -> None:
    # When the conversations are counted that stay with a bot that left a line of the customer without an answer
    silent = Counter(one.tenant for one in counted() if one.attention == "bot-silent" and one.heard[-1].text)
    # Then there are some where no fail-over is configured, and none where it is
    assert set(silent) == {"contoso", "northwind"}
    assert min(silent.values()) >= 3


def test_people_take_over_from_some_silent_bots() -> None:
    # Given the conversations in which people took over, which only one tenant wants
    taken = [one for one in counted() if one.failed_over]
    assert {one.tenant for one in taken} == {"fabrikam"}
    # Then agents answered and ended some, and in some nobody did
    states = Counter(one.state for one in taken)
    assert states["closed, resolved"] >= 4
    assert states["closed, inactivity"] + states["open"] >= 2


@pytest.mark.parametrize("tenant", TENANTS)
def test_lines_are_edited_and_removed_and_some_edits_overtake_their_lines(tenant: str) -> None:
    # Given the changes that each sender tells of, with the lines that they change
    every = list(documents(post for post in MONTH(SEED).posts if post.tenant == tenant))
    first: dict[tuple[str, str], int] = {}
    changes: dict[tuple[str, str], int] = {}
    kinds: Counter[str] = Counter()
    for place, (_, one) in enumerate(every):
        match one:
            case {"edited_message": {"message_id": line}}:
                kind, seen = "edited_message", changes
            case {"message": {"message_id": line}}:
                kind, seen = "message", first
            case {"type": "messageUpdate" | "messageDelete" as kind, "id": line}:
                seen = changes
            case {"type": "message.changed" as kind, "data": {"messageId": line}}:
                seen = changes
            case {"type": kind, "id": line}:
                seen = first
            case _:
                continue
        kinds[kind] += 1
        seen.setdefault((thread_of(one), str(line)), place)
    # Then there are those of each of its dialects
    telegram = {"edited_message"} if tenant != "fabrikam" else set()
    assert {"messageUpdate", "messageDelete", "message.changed", *telegram} <= set(kinds)
    # and some come before their lines, each of which comes, too
    assert set(changes) <= set(first)
    assert sum(place < first[line] for line, place in changes.items()) >= 3


def test_customers_press_buttons_in_each_way() -> None:
    # When the ways are counted in which buttons are offered and pressed, by tenant
    ways: Counter[tuple[str, str]] = Counter()
    for post, one in documents(MONTH(SEED).posts):
        match one:
            case {"callback_query": _}:
                ways[post.tenant, "callback_query"] += 1
            case {"type": "message", "suggestedActions": _} if "text" not in one:
                ways[post.tenant, "suggestedActions"] += 1
            case {"type": "invoke", "name": name}:
                ways[post.tenant, name] += 1
            case {"type": "message", "value": _}:
                ways[post.tenant, "value"] += 1
    # Then Bot Framework's tenants have its ways, and Telegram's its own
    assert {tenant for tenant, way in ways if way == "suggestedActions"} == set(TENANTS)
    assert {tenant for tenant, way in ways if way == "callback_query"} == {"contoso", "northwind"}
    assert min(sum(n for (_, way), n in ways.items() if way == name) for name in ("adaptiveCard/action", "value")) >= 3
    # and some who were reminded before are not closed, whether their bot answers much later or not at all
    reminded = [one for one in counted() if len(one.silences) == 1 and _pressed(one)]
    assert {one.state for one in reminded} == {"active", "closed, resolved"}


def _pressed(one: CountedConversation) -> bool:
    """True if the customer pressed the first button."""
    return any(said.text in (BUTTONS["yes"], "choice: yes") for said in one.heard if said.who == "customer")


@pytest.mark.parametrize("tenant", TENANTS)
def test_some_bots_of_the_bot_framework_advise_the_agent_alone(tenant: str) -> None:
    # Given the lines of the tenant's assistant
    lines = [
        one for post, one in activities(MONTH(SEED).posts) if post.tenant == tenant and one["from"]["id"] in ASSISTANTS
    ]
    assert len(lines) >= 3
    # Then each says what it is, or the tenant has it declared
    tagged = {one["channelData"].get("tags") for one in lines}
    declared = {f"28:{bot['appId']}" for bot in of(tenant)[0].configuration["bots"] if bot.get("smartAssist")}
    assert tagged == ({None} if declared else {"smartbot"})
    assert declared <= ASSISTANTS
    # and where people alone are, such a line alone makes no session
    advised = [one for one in of(tenant) if one.thread.endswith("-eu") and one.assisted]
    assert {one.invoked is None for one in advised} == {
        "contoso": {False},
        "fabrikam": {True},
        "northwind": {True, False},
    }[tenant]


@pytest.mark.parametrize(
    ("what", "holds"),
    [
        ("an emoji of several code points", lambda text: "\u200d" in text),
        ("a skin tone", lambda text: "\U0001f3fd" in text),
        ("a flag", lambda text: "\U0001f1f0" in text),
        ("what normalization would change", lambda text: unicodedata.normalize("NFC", text) != text),
        ("a combining mark", lambda text: any(map(unicodedata.combining, text))),
        ("Hebrew", lambda text: any(unicodedata.bidirectional(c) == "R" for c in text)),
        ("Arabic", lambda text: any(unicodedata.bidirectional(c) == "AL" for c in text)),
        ("a mark of direction", lambda text: "\u200f" in text or "\u200e" in text),
    ],
)
def test_texts_hold_what_is_easily_broken(what: str, holds: Callable[[str], bool]) -> None:
    lines = chain.from_iterable(one.lines for one in counted())
    assert sum(holds(line or "") for line in lines) >= 10, what


def test_conversations_end_and_stay_in_every_way() -> None:
    states = Counter(one.state for one in counted())
    ends = ("resolved", "abandoned", "inactivity")
    assert set(states) == {"open", "active", *(f"closed, {reason}" for reason in ends)}


@pytest.mark.parametrize("tenant", [*TENANTS, "litware"])
def test_every_tenant_makes_every_mistake(tenant: str) -> None:
    # When the codes are gathered with which posts are refused
    refused = {code for post in MONTH(SEED).posts if post.tenant == tenant for code in post.refused}
    # Then there is each that a sender can cause; that of an unknown tenant is the only one it can
    known = {"unknown_account", "invalid_activity", "too_late", "invalid_event", "event_too_large"}
    assert refused == ({"unknown_tenant"} if tenant == "litware" else known)


def test_ids_are_used_for_other_content_in_every_dialect() -> None:
    # Given what each thread says under each id
    said: dict[tuple[str, str, str], set[str]] = {}
    for _, one in documents(MONTH(SEED).posts):
        name = thread_of(one), one.get("type", ""), str(one.get("id") or one["update_id"])
        said.setdefault(name, set()).add(json.dumps(one))
    # Then two contents stand under some of them
    twice = [contents for contents in said.values() if len(contents) > 1]
    dialects = Counter(
        "telegram" if "update_id" in text else "cloudEvents" if "specversion" in text else "botFramework"
        for text in map(min, twice)
    )
    assert min(dialects[name] for name in ("telegram", "cloudEvents", "botFramework")) >= 1
    assert all(len({time_of(json.loads(text)) for text in contents}) == 1 for contents in twice)
