"""An independent count of the sample month, straight from what was posted, to check the pipeline's reports against.

It shares no code with the pipeline. What makes a bot session, in plain words: the start of a conversation, where the
start gives it to a bot; a bot's message that is no smart assist; a bot's escalation. The earliest of them fixes the
month, in the tenant's time zone. In the sample the start gives a conversation to a bot unless it takes place on a
channel (or names a work stream) of the back office, where there are people only, or comes with a topic that belongs to
people: of all topics, Technical alone belongs to a bot, Fabrikam's second line.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml

from local.sample.traffic import Post

EXAMPLES = Path(__file__).parent.parent.parent / "examples"


@dataclass(frozen=True)
class Count:
    """A tenant's month: bot sessions, how many the licences give, and how many there are beyond."""

    counted: int
    entitlement: int
    overage: int


def count_sample(posts: Iterable[Post], examples: Path = EXAMPLES) -> dict[tuple[str, str], Count]:
    """The count per tenant and month (yyyy-mm) with at least one session. Neither order nor repetition matters."""
    # Per conversation only the earliest moment is kept, so a post that is made twice changes nothing.
    earliest: dict[tuple[str, str], datetime] = {}
    for post in posts:
        tenant = post.path.split("/")[3]
        for conversation, time in _invocations(post):
            moment = datetime.fromisoformat(time)
            earliest[tenant, conversation] = min(moment, earliest.get((tenant, conversation), moment))
    tenants = {tenant: yaml.safe_load((examples / f"{tenant}.yaml").read_bytes()) for tenant, _ in earliest}
    counted = Counter(
        (tenant, moment.astimezone(ZoneInfo(tenants[tenant]["timeZone"])).strftime("%Y-%m"))
        for (tenant, _), moment in earliest.items()
    )
    return {key: _count(tenants[key[0]], key[1], sessions) for key, sessions in sorted(counted.items())}


def _count(configuration: dict[str, Any], month: str, sessions: int) -> Count:
    entitlement = sum(
        each * item["quantity"]
        for member, each in (("licences", 50), ("addOns", 100))
        for item in configuration[member]
        if f"{item['from']:%Y-%m}" <= month
    )
    return Count(sessions, entitlement, max(0, sessions - entitlement))


def _invocations(post: Post) -> Iterator[tuple[str, str]]:
    """Conversation and time of everything in the post by which a bot is invoked."""
    document = json.loads(post.body)
    if post.content_type == "application/json":
        starts_with_bot = not post.path.endswith("/backoffice")
        speaks = document["from"]["role"] == "bot" and document["type"] in ("message", "event")
        # A thread's first activity is its start; where that goes to a bot, the earliest of all activities is wanted.
        if starts_with_bot or speaks:
            yield document["conversation"]["id"], document["timestamp"]
        return
    for event in document if isinstance(document, list) else [document]:
        if _invokes(event["type"], event["data"]):
            yield event["subject"], event["time"]


def _invokes(kind: str, data: dict[str, Any]) -> bool:
    match kind:
        case "conversation.started":
            place = data.get("workStreamId") or data["channel"]["channelId"]
            topic = data.get("contextVariables", {}).get("BotHandoffTopic")
            return place not in ("backoffice", "BackOfficeWorkStream") and topic in (None, "Technical")
        case "message.posted":
            return data["author"]["role"] == "bot" and not data["author"].get("smartAssist")
    return kind == "bot.escalated"
