"""Reports of months, built as the roll-up builds them, from the sessions by bot, channel and work stream."""

from collections.abc import Mapping
from datetime import date, datetime

from shared.events.envelope import parse_time
from shared.tenants.configuration import AddOn, Licence
from shared.usage.report import UsageReport, build_report
from tests.builders import contoso, history

AS_OF = parse_time("2026-11-20T12:00:00Z")


def report_of(
    *,
    by_bot: Mapping[str, int],
    by_channel: Mapping[str, int] | None = None,
    by_work_stream: Mapping[str, int] | None = None,
    licences: int = 2,
    add_ons: int = 0,
    month: str = "2026-10",
    time_zone: str = "UTC",
    as_of: datetime = AS_OF,
) -> UsageReport:
    """A report with these sessions by bot on the month's fifth; a breakdown that is not given has one part.

    `licences` and `add_ons` are in effect from the month's start.
    """
    sessions = sum(by_bot.values())
    first = date.fromisoformat(f"{month}-01")
    bought = contoso().model_copy(
        update={
            "time_zone": time_zone,
            "licences": (Licence(product="Chat", quantity=licences, effective=first),),
            "add_ons": (AddOn(quantity=add_ons, effective=first),),
        }
    )
    breakdowns = {
        "byBot": by_bot,
        "byChannel": {"contoso-chat/webchat": sessions} if by_channel is None else by_channel,
        "byWorkStream": {"ChatWorkStream": sessions} if by_work_stream is None else by_work_stream,
    }
    counts = {
        ("counted", ""): sessions,
        ("excluded", "no_bot"): 3,
        **{(name, part): n for name, parts in breakdowns.items() for part, n in parts.items()},
    }
    return build_report("contoso", month, {f"{month}-05": counts}, history(bought), as_of, None)
