"""The sample month: the same for the same seed, of the promised shape, readable, and counted independently."""

import json
import random
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from local.sample.count import Count, count_sample
from local.sample.traffic import BATCH, CLOCK, EVENT, JSON, Post, sample_month
from shared.events.codec import event_from
from shared.events.envelope import parse_time

SEED = 2026


def activities(posts: tuple[Post, ...]) -> list[tuple[Post, dict[str, Any]]]:
    """The Bot Framework activities with their posts."""
    return [(post, json.loads(post.body)) for post in posts if post.content_type == JSON]


def cloud_events(posts: tuple[Post, ...]) -> list[tuple[Post, dict[str, Any]]]:
    """The CloudEvents with their posts, those of batches one by one."""

    def each() -> Iterator[tuple[Post, dict[str, Any]]]:
        for post in posts:
            if post.content_type == EVENT:
                yield post, json.loads(post.body)
            elif post.content_type == BATCH:
                yield from ((post, event) for event in json.loads(post.body))

    return list(each())


def test_same_seed_gives_same_posts() -> None:
    assert sample_month(SEED) == sample_month(SEED)


def test_another_seed_gives_other_posts() -> None:
    # Given two seeds
    one, other = sample_month(SEED), sample_month(SEED + 1)

    # Then no post of the one is in the other
    assert not {post.body for post in one.posts} & {post.body for post in other.posts}


@pytest.mark.parametrize("seed", [0, 1, SEED])
def test_holds_200_conversations_of_two_tenants(seed: int) -> None:
    # When the conversations are gathered from the bodies
    posts = sample_month(seed).posts
    found = {(post.path.split("/")[3], activity["conversation"]["id"]) for post, activity in activities(posts)}
    found |= {(event["tenantid"], event["subject"]) for _, event in cloud_events(posts)}

    # Then half of them are each tenant's
    assert Counter(tenant for tenant, _ in found) == {"contoso": 100, "fabrikam": 100}


def test_posts_a_tenth_twice() -> None:
    # When equal posts are counted
    times = Counter((post.path, post.body) for post in sample_month(SEED).posts)

    # Then a tenth of them was made a second time, and none a third
    assert Counter(times.values()) == {1: len(times) - len(times) // 10, 2: len(times) // 10}


def test_tells_of_nothing_before_it_happened_and_ends_before_the_clock() -> None:
    month = sample_month(SEED)

    # Given when each post was made, and what it tells of
    told = [(post.at, activity["timestamp"]) for post, activity in activities(month.posts)]
    told += [(post.at, event["time"]) for post, event in cloud_events(month.posts)]

    # Then the order is that of the posts, and every event lies before its post and before the server's clock
    assert [post.at for post in month.posts] == sorted(post.at for post in month.posts)
    assert all(parse_time(time) < at < month.clock == CLOCK for at, time in told)


def test_a_conversation_never_lasts_as_long_as_a_bots_patience() -> None:
    # Given the times of every conversation
    times: dict[str, list[datetime]] = defaultdict(list)
    posts = sample_month(SEED).posts
    for _, activity in activities(posts):
        times[activity["conversation"]["id"]].append(parse_time(activity["timestamp"]))
    for _, event in cloud_events(posts):
        times[event["subject"]].append(parse_time(event["time"]))

    # Then an end by inactivity cannot fall into one, whenever a sweep runs
    assert max(max(known) - min(known) for known in times.values()) < timedelta(minutes=15)


def test_every_cloud_event_can_be_read_by_the_codec() -> None:
    # When every CloudEvent is decoded
    posts = sample_month(SEED).posts
    types = Counter(event_from(event).type for _, event in cloud_events(posts))

    # Then every type of fact is there
    assert set(types) == {"conversation.started", "message.posted", "bot.escalated", "conversation.ended"}


def test_native_ids_belong_to_one_activity_each() -> None:
    # Given every different activity and event
    posts = sample_month(SEED).posts
    said = {json.dumps(activity): activity["id"] for _, activity in activities(posts)}
    events = {json.dumps(event): (event["source"], event["id"]) for _, event in cloud_events(posts)}

    # Then no two share an id
    assert len(set(said.values())) == len(said)
    assert len(set(events.values())) == len(events)


def test_bot_framework_threads_keep_their_order() -> None:
    # Given the first posts of every activity, thread by thread
    threads: dict[str, dict[str, str]] = defaultdict(dict)
    for _, activity in activities(sample_month(SEED).posts):
        threads[activity["conversation"]["id"]].setdefault(activity["id"], activity["timestamp"])

    # Then each begins with its members, and its ids and times go up together
    assert all(list(said) == sorted(said) and list(said.values()) == sorted(said.values()) for said in threads.values())
    assert all(next(iter(said)).endswith("|0000000") for said in threads.values())


@pytest.mark.parametrize("seed", [0, 1, SEED])
def test_holds_every_kind_of_bot_framework_activity(seed: int) -> None:
    found = activities(sample_month(seed).posts)

    # When the activities' types, event names and commands are gathered
    kinds = {activity["type"] for _, activity in found} | {activity.get("name") for _, activity in found}
    tags = (activity.get("channelData", {}).get("tags") for _, activity in found)
    commands = {json.loads(tag)["type"] for tag in tags if tag}

    # Then both ways to escalate and to end are there, and what a door ignores
    assert {"conversationUpdate", "message", "handoff.initiate", "endOfConversation", "typing"} <= kinds
    assert commands == {"Escalate", "EndConversation"}


@pytest.mark.parametrize("seed", [0, 1, SEED])
def test_batches_bring_escalations_before_their_start(seed: int) -> None:
    # Given where each event of a conversation comes first
    first: dict[tuple[str, str], int] = {}
    for place, (_, event) in enumerate(cloud_events(sample_month(seed).posts)):
        first.setdefault((event["subject"], event["type"]), place)

    # Then some escalations overtake the start
    escalated = {subject: place for (subject, kind), place in first.items() if kind == "bot.escalated"}
    assert any(place < first[subject, "conversation.started"] for subject, place in escalated.items())


def test_smart_assist_and_people_alone_are_not_counted() -> None:
    # Given a conversation that began with people, and what was said in it
    start = {
        "channel": {"accountId": "contoso-app", "channelId": "app"},
        "contextVariables": {"BotHandoffTopic": "CreditCard"},
    }
    assistant, bot = {"role": "bot", "id": "b", "smartAssist": True}, {"role": "bot", "id": "b"}
    people = [
        posted("conversation.started", start, "2026-10-05T10:00:00Z"),
        posted("message.posted", {"author": assistant}, "2026-10-05T10:01:00Z"),
    ]

    # Then it does not count, until a bot speaks itself
    assert count_sample(people) == {}
    spoken = posted("message.posted", {"author": bot}, "2026-11-01T00:00:00Z")
    assert count_sample([*people, spoken]) == {("contoso", "2026-11"): Count(1, 200, 0)}


def test_count_is_the_same_in_every_order_and_number() -> None:
    # Given the month's posts twice, shuffled
    posts = sample_month(SEED).posts
    shuffled = random.Random(SEED).sample(posts * 2, len(posts) * 2)

    # Then their count is that of the posts in order
    assert count_sample(shuffled) == count_sample(posts)


def test_one_tenant_stays_within_its_entitlement_and_one_goes_beyond() -> None:
    # When the month is counted
    counts = count_sample(sample_month(SEED).posts)

    # Then each tenant's zone drew the months' borders, and only Fabrikam's October is beyond
    assert counts == {
        ("contoso", "2026-09"): Count(1, 200, 0),
        ("contoso", "2026-10"): Count(84, 200, 0),
        ("contoso", "2026-11"): Count(1, 200, 0),
        ("fabrikam", "2026-09"): Count(1, 50, 0),
        ("fabrikam", "2026-10"): Count(80, 50, 30),
        ("fabrikam", "2026-11"): Count(2, 150, 0),
    }


def posted(kind: str, data: dict[str, Any], time: str) -> Post:
    """A single CloudEvent of one conversation of Contoso, as far as the count reads it."""
    body = json.dumps({"type": kind, "subject": "c1", "time": time, "data": data}).encode()
    return Post("/api/tenants/contoso/events", EVENT, body, parse_time(time))
