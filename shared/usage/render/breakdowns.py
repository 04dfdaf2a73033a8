"""The breakdowns of a report: by bot, by channel, by work stream. Each adds up to `counted`."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.usage.report import UsageReport


@dataclass(frozen=True)
class Breakdown:
    """A breakdown: `member` names it in the JSON report, `title` on pages; `part` names one row; `sessions` by part."""

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
