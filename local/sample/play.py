"""Plays the sample month against a running host, and reads the figures."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import httpx

from local.independent_count.figures import Figures, Settled, Usage, digest
from local.sample.post import Post
from local.sample.schedule import Turn

_TIMEOUT = 60.0
"""Seconds to wait for the pipeline to work off what it accepted."""


class Player:
    """Plays turns, and counts the refusals."""

    def __init__(self, client: httpx.Client, now: datetime) -> None:
        self._client = client
        self._now = now
        self.refused: Counter[tuple[str, str]] = Counter()
        """How often each code was answered, by tenant."""

    def play(self, turns: Iterable[Turn], done: Callable[[int], None]) -> None:
        """Play the turns; `done` is called with the posts made. Raises RuntimeError if messages get stuck."""
        for turn in turns:
            # The answer comes when the timers that became due have run.
            step = f"PT{(turn.at - self._now).total_seconds():f}S"
            self._client.post("/local/clock", json={"advance": step}).raise_for_status()
            self._now = turn.at
            for post in turn.posts:
                self.refused.update((post.tenant, code) for code in self._codes(post))
            self._work_off()
            done(len(turn.posts))

    def _codes(self, post: Post) -> Iterator[str]:
        answer = self._sent(post)
        document = answer.json() if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else {}
        if answer.is_success:
            yield from (refusal["code"] for refusal in document["rejected"])
        else:
            yield document.get("code", f"HTTP {answer.status_code}")

    def _sent(self, post: Post) -> httpx.Response:
        """The answer to the post, which is sent again as long as it comes too soon after others."""
        while True:
            answer = self._client.post(post.path, content=post.body, headers={"Content-Type": post.content_type})
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            time.sleep(int(answer.headers["Retry-After"]))

    def _work_off(self) -> None:
        """Wait until the bus is empty."""
        until, pause = time.monotonic() + _TIMEOUT, 0.002
        while (bus := self._client.get("/api/health").json()["bus"])["active"]:
            if time.monotonic() > until:
                raise RuntimeError(f"{bus['active']} messages are still under way")
            time.sleep(pause)
            pause = min(2 * pause, 0.02)  # asking all the time would slow the host down
        if bus["deadLetters"]:
            raise RuntimeError(f"{bus['deadLetters']} messages became dead letters")


def sessions_read(client: httpx.Client, months: Iterable[tuple[str, str]]) -> dict[tuple[str, str], int]:
    """The bot sessions that the reports of these tenants and months show now."""
    return {(tenant, month): report(client, tenant, month)["counted"] for tenant, month in months}


def figures_read(client: httpx.Client, tenants: Iterable[str], first: dict[tuple[str, str], int]) -> Figures:
    """The pipeline's figures, those that `count_sample` counts; `first` are the sessions before the corrections."""
    reports = {key: report(client, *key) for key in first}
    usage = {key: _usage(document) for key, document in reports.items()}
    others: dict[tuple[str, str], int | str] = {}
    for tenant in tenants:
        continues = [one["excluded"].get("continues", 0) for key, one in reports.items() if key[0] == tenant]
        figures = {**_of_tenant(client, tenant), "continues": sum(continues)}
        others |= {(tenant, name): figure for name, figure in figures.items()}
    return Figures(first, usage, others, {})


def settled_read(client: httpx.Client, months: Iterable[tuple[str, str]]) -> dict[tuple[str, str], Settled]:
    """The figures of these tenants and months at the turn of the year."""
    return {key: _settled(report(client, *key)) for key in months}


def report(client: httpx.Client, tenant: str, month: str) -> dict[str, Any]:
    """The month's report as JSON."""
    document: dict[str, Any] = client.get(f"/api/tenants/{tenant}/usage/{month}").raise_for_status().json()
    return document


def listed(client: httpx.Client, tenant: str, collection: str) -> Iterator[dict[str, Any]]:
    """All of a tenant's `conversations` or `parked` events, page by page."""
    parameters: dict[str, str] = {}
    while True:
        page = client.get(f"/api/tenants/{tenant}/{collection}", params=parameters).raise_for_status().json()
        yield from page[collection]
        if page["continuation"] is None:
            return
        parameters = {"continuation": page["continuation"]}


def _usage(document: dict[str, Any]) -> Usage:
    excluded = document["excluded"]
    reasons = excluded.get("no_bot", 0), excluded.get("smart_assist_only", 0)
    return Usage(document["counted"], *reasons, document["entitlement"]["total"], document["overage"])


def _settled(document: dict[str, Any]) -> Settled:
    own = document["counted"], document["entitlement"]["total"], document["overage"]
    due = sum(each["sessions"] for each in document["due"])
    return Settled(*own, due, document["invoiced"], document["addOnsInvoiced"])


def _of_tenant(client: httpx.Client, tenant: str) -> dict[str, int | str]:
    heads = list(listed(client, tenant, "conversations"))
    entries = [entry for head in heads for entry in _entries(client, tenant, head["key"])]
    earlier = [change["was"] for entry in entries for change in entry.get("changes", ())]
    texts = [*(entry["text"] for entry in entries), *earlier]
    states = Counter(_state(head) for head in heads)
    attention = Counter(f"attention, {head['attention']}" for head in heads if head["attention"])
    parked = Counter(f"parked, {event['code']}" for event in listed(client, tenant, "parked"))
    sums = {"conversations": len(heads), "lines": len(entries), "earlier": len(earlier)}
    return {**sums, "texts": digest(texts), **states, **attention, **parked}


def _state(head: dict[str, Any]) -> str:
    return f"closed, {head['closedReason']}" if head["state"] == "closed" else str(head["state"])


def _entries(client: httpx.Client, tenant: str, key: str) -> list[dict[str, Any]]:
    """The lines of a conversation's transcript."""
    address = f"/api/tenants/{tenant}/conversations/{key}/transcript"
    document = client.get(address, params={"audience": "agent"}).raise_for_status().json()
    entries: list[dict[str, Any]] = document["entries"]
    return entries
