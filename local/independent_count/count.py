"""An independent count of the sample month, straight from the posts, to check the pipeline's figures.

It shares no code with the pipeline. A conversation is a bot session if a bot has the conversation, speaks in it
other than as smart assist, or escalates it, before its end, and if it does not continue the session of the one before.
The earliest of these moments fixes the month, in the tenant's time zone; a conversation without any belongs to the
month in which it begins.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from local.independent_count.conversation import CountedConversation
from local.independent_count.conversations import counted_conversations
from local.independent_count.figures import Figures, Settled, Usage, digest
from local.independent_count.reading import occurrences
from local.sample.post import Post
from local.sample.traffic import SampleMonth
from local.sample.year_end import YearEnd

EXAMPLES = Path(__file__).parent.parent.parent / "examples"
TENANTS = tuple(sorted(path.stem for path in EXAMPLES.glob("*.yaml")))


def count_sample(month: SampleMonth) -> Figures:
    """All figures of the month. The order of its posts, and repeated ones, make no difference."""
    first = conversations([post for post in month.posts if post.at <= month.reading], month.reading)
    counted = conversations(month.posts, month.last)
    before = {key: usage.sessions for key, usage in _usage(first).items()}
    others = {**_conversations(counted), **_refused_and_parked(month.posts)}
    return Figures(before, _usage(counted), others, _year_end(month.year_end))


def conversations(posts: Sequence[Post], until: datetime) -> list[CountedConversation]:
    """Every conversation in the posts, as it is at the time `until`."""
    configurations = _configurations()
    return counted_conversations(occurrences(posts, configurations).recorded, configurations, until)


@cache
def _configuration(tenant: str) -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((EXAMPLES / f"{tenant}.yaml").read_bytes())
    return document


def _configurations() -> dict[str, dict[str, Any]]:
    return {tenant: _configuration(tenant) for tenant in TENANTS}


def _usage(counted: Iterable[CountedConversation]) -> dict[tuple[str, str], Usage]:
    rows: defaultdict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    for conversation in counted:
        if conversation.continues:
            continue
        zone = ZoneInfo(conversation.configuration["timeZone"])
        month = (conversation.invoked or conversation.begun).astimezone(zone).strftime("%Y-%m")
        reason = "smart_assist_only" if conversation.assisted else "no_bot"
        rows[conversation.tenant, month]["sessions" if conversation.invoked else reason] += 1
    return {key: _month(*key, rows[key]) for key in sorted(rows)}


def _month(tenant: str, month: str, row: Counter[str]) -> Usage:
    configuration = _configuration(tenant)
    entitlement = sum(
        sessions_each * item["quantity"]
        for member, sessions_each in (("licences", 50), ("addOns", 100))
        for item in configuration[member]
        if f"{item['from']:%Y-%m}" <= month
    )
    sessions = row["sessions"]
    overage = max(0, sessions - entitlement)
    return Usage(sessions, row["no_bot"], row["smart_assist_only"], entitlement, overage)


def _year_end(year_end: YearEnd) -> dict[tuple[str, str], Settled]:
    """December as it was known when it closed, and January with what December's own entitlement makes of late posts."""
    at_closing = _usage(conversations([post for post in year_end.posts if post.at <= year_end.closed], year_end.closed))
    at_last = _usage(conversations(year_end.posts, year_end.last))
    settled: dict[tuple[str, str], Settled] = {}
    for tenant in sorted({tenant for tenant, _ in at_closing}):
        december, january = at_closing[tenant, "2026-12"], at_last[tenant, "2027-01"]
        now = at_last[tenant, "2026-12"].overage
        add_ons_due = _add_ons(now) - _add_ons(december.overage)
        settled[tenant, "2026-12"] = _settled(december, 0, 0)
        settled[tenant, "2027-01"] = _settled(january, now - december.overage, add_ons_due)
    return settled


def _settled(usage: Usage, due: int, add_ons_due: int) -> Settled:
    invoiced, add_ons = usage.overage + due, _add_ons(usage.overage) + add_ons_due
    return Settled(usage.sessions, usage.entitlement, usage.overage, due, invoiced, add_ons)


def _add_ons(overage: int) -> int:
    return overage // 100 + (overage % 100 > 0)


def _conversations(counted: Iterable[CountedConversation]) -> dict[tuple[str, str], int | str]:
    figures: Counter[tuple[str, str]] = Counter()
    texts: defaultdict[str, list[str | None]] = defaultdict(list)
    for each in counted:
        figures[each.tenant, "conversations"] += 1
        figures[each.tenant, each.state] += 1
        figures[each.tenant, "lines"] += len(each.lines)
        figures[each.tenant, "earlier"] += len(each.changed)
        figures[each.tenant, "continues"] += each.continues
        if each.attention:
            figures[each.tenant, f"attention, {each.attention}"] += 1
        texts[each.tenant] += [*each.lines, *each.changed]
    return {**figures, **{(tenant, "texts"): digest(lines) for tenant, lines in texts.items()}}


def _refused_and_parked(posts: Sequence[Post]) -> dict[tuple[str, str], int]:
    refused = Counter((post.tenant, f"refused, {code}") for post in posts for code in post.refused)
    parked = Counter(
        (tenant, f"parked, {reason}") for tenant, reason, _ in occurrences(posts, _configurations()).parked
    )
    return {**refused, **parked}
