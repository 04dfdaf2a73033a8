"""The sample month, and its posts by kind and thread, for tests."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

from local.independent_count.conversation import CountedConversation
from local.independent_count.count import conversations
from local.sample.post import JSON, Post
from local.sample.traffic import SampleMonth, sample_month
from shared.events.envelope import epoch_time

SEED = 2026
MONTH = cache(sample_month)


@cache
def counted(seed: int = SEED) -> tuple[CountedConversation, ...]:
    """Every conversation of a seed's month, as it is at the end."""
    month = MONTH(seed)
    return tuple(conversations(month.posts, month.last))


def documents(posts: Iterable[Post]) -> Iterator[tuple[Post, dict[str, Any]]]:
    """The activities, updates and events of the posts that an ingress accepts; those of batches one by one."""
    for post in posts:
        if not post.refused:
            document = json.loads(post.body)
            yield from ((post, one) for one in (document if isinstance(document, list) else [document]))


def timed(posts: Iterable[Post]) -> Iterator[tuple[Post, dict[str, Any]]]:
    """The documents that tell their time."""
    return documents(post for post in posts if post.timed)


def activities(posts: Iterable[Post]) -> Iterator[tuple[Post, dict[str, Any]]]:
    return ((post, one) for post, one in documents(posts) if post.content_type == JSON and "timestamp" in one)


def updates(posts: Iterable[Post]) -> Iterator[tuple[Post, dict[str, Any]]]:
    return ((post, one) for post, one in documents(posts) if "update_id" in one)


def cloud_events(posts: Iterable[Post]) -> Iterator[tuple[Post, dict[str, Any]]]:
    return ((post, one) for post, one in documents(posts) if "specversion" in one)


def time_of(document: dict[str, Any]) -> str:
    """The time of the document's event, by its sender. What is in no timed post has none."""
    message = document.get("message") or document.get("edited_message")
    if message:
        return epoch_time(message.get("edit_date", message["date"]))
    return str(document.get("timestamp") or document["time"])


def thread_of(document: dict[str, Any]) -> str:
    """The native thread, or the conversation that an event names."""
    holders = (document, document.get("callback_query", {}))
    found = (holder.get(name) for holder in holders for name in ("message", "edited_message"))
    if message := next(filter(None, found), None):
        return str(message["chat"]["id"])
    if "conversation" in document:
        return str(document["conversation"]["id"])
    return str(document.get("subject") or document["data"]["channel"]["threadId"])


def threads(month: SampleMonth) -> dict[str, list[dict[str, Any]]]:
    """The documents of each thread, in the order of the posts."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for _, document in documents(month.posts):
        found[thread_of(document)].append(document)
    return found
