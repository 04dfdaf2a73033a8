"""The ways in which a report divides its sessions; each adds up to all of them."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.usage.report import UsageReport


@dataclass(frozen=True)
class Breakdown:
    """`member` as in the JSON report, `title` for people, `part` what one row of it is, `sessions` by part."""

    member: str
    title: str
    part: str
    sessions: Mapping[str, int]


def breakdowns(report: UsageReport) -> tuple[Breakdown, ...]:
    """By bot, by channel and by work stream."""
    return (
        Breakdown("byBot", "Bots", "Bot", report.by_bot),
        Breakdown("byChannel", "Channels", "Channel", report.by_channel),
        Breakdown("byWorkStream", "Work streams", "Work stream", report.by_work_stream),
    )
