"""The sample month: the same for the same seed, as large as promised, and readable by the ingress it is posted to."""

import json
from collections import Counter, defaultdict
from datetime import timedelta

import pytest

from local.sample.post import JSON
from local.sample.traffic import OUTAGE, sample_month
from shared.dialects.bot_framework.reader import read_activity
from shared.dialects.telegram.reader import read_update
from shared.events.codec import event_from
from shared.events.envelope import parse_time
from tests.builders import contoso
from tests.local.sample.months import MONTH, SEED, activities, cloud_events, counted, time_of, timed, updates


def test_same_seed_gives_same_bytes() -> None:
    # Given a month, and another one of the same seed
    assert sample_month(SEED, thin=10) == sample_month(SEED, thin=10)
    assert sample_month(SEED) == MONTH(SEED)


def test_another_seed_gives_other_posts() -> None:
    # Given two seeds
    one, other = MONTH(SEED), MONTH(SEED + 1)

    # Then no post of the one is in the other
    assert not {post.body for post in one.posts} & {post.body for post in other.posts}


@pytest.mark.parametrize("seed", [1, SEED])
def test_holds_1500_conversations_of_three_tenants(seed: int) -> None:
    # When a seed's conversations are counted, those that come back as one more
    assert Counter(one.tenant for one in counted(seed)) == {"contoso": 224, "fabrikam": 234, "northwind": 1042}


def test_posts_a_tenth_twice() -> None:
    # When equal posts are counted
    times = Counter((post.path, post.body) for post in MONTH(SEED).posts)

    # Then a tenth of them was made a second time, and none a third
    assert Counter(times.values()) == {1: len(times) - len(times) // 10, 2: len(times) // 10}


def test_tells_of_nothing_before_it_happened_and_ends_before_the_last_reading() -> None:
    # Given when each post was made, and what it tells of
    month = MONTH(SEED)

    # Then the order is that of the posts, and every event lies before its post
    assert [post.at for post in month.posts] == sorted(post.at for post in month.posts)
    assert all(parse_time(time_of(document)) < post.at for post, document in timed(month.posts))
    assert month.posts[-1].at < month.last


def test_word_of_whatever_is_not_late_comes_within_minutes() -> None:
    # Given the first post that tells of each thing
    month = MONTH(SEED)
    delays: dict[str, timedelta] = {}
    for post, document in timed(month.posts):
        delay = post.at - parse_time(time_of(document))
        delays.setdefault(json.dumps(document), delay)
    timely = [delay for delay in delays.values() if delay < timedelta(minutes=5)]

    # Then it is at most what the schedule counts on, a minute and a quarter
    assert max(timely) <= timedelta(seconds=75)
    # and the others are what an outage of a channel held back, the corrections, and what is older than the retention
    held_back = [delay for delay in delays.values() if OUTAGE <= delay < OUTAGE + timedelta(seconds=1)]
    assert len(held_back) > 40
    assert len(delays) - len(timely) - len(held_back) < 80


def test_every_document_can_be_read_by_its_ingress() -> None:
    # When every activity, update and event is decoded
    posts = MONTH(SEED).posts
    drafts = [draft for _, one in activities(posts) for draft in read_activity(one, contoso()).drafts]
    drafts += [draft for _, one in updates(posts) for draft in read_update(one, contoso()).drafts]
    types = Counter(event_from(one).type for _, one in cloud_events(posts))

    # Then every type of fact is there
    kinds = {"message.posted", "message.changed", "bot.escalated", "conversation.ended"}
    assert {draft.type for draft in drafts} == kinds
    assert set(types) == {"conversation.started", *kinds}


def test_bot_framework_threads_keep_their_order() -> None:
    # Given the first posts of every activity, thread by thread, but for threads of which an outage held something back
    threads: dict[str, dict[str, str]] = defaultdict(dict)
    delayed: set[str] = set()
    for post, activity in activities(MONTH(SEED).posts):
        thread, said = activity["conversation"]["id"], activity["timestamp"]
        if activity["id"] not in threads[thread] and post.at - parse_time(said) >= OUTAGE:
            delayed.add(thread)
        threads[thread].setdefault(activity["id"], said)
    for thread in delayed:
        del threads[thread]

    # Then each begins with its members, and its ids and times go up together
    assert all(list(said) == sorted(said) and list(said.values()) == sorted(said.values()) for said in threads.values())
    assert all(next(iter(said)).endswith("|0000000") for said in threads.values())


@pytest.mark.parametrize("thin", [1, 1000])
def test_a_thinner_month_still_has_every_kind_of_post(thin: int) -> None:
    # When the kinds of posts are gathered
    kinds = {(post.path, post.content_type, post.refused) for post in sample_month(SEED, thin).posts}

    # Then they are those of the whole month, but for ingress that are chosen by chance
    whole = {(post.path, post.content_type, post.refused) for post in MONTH(SEED).posts}
    assert {kind for kind in whole if kind[1] == JSON or kind[2]} <= kinds
