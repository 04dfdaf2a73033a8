"""Months for a page to show: at their beginning, in the middle, over, full of everything, and with hostile names."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from shared.contributions.row import Occasion
from shared.events.envelope import parse_time
from shared.tenants.configuration import AddOn, Licence
from shared.usage.correction import Correction
from shared.usage.due import Due, due
from shared.usage.report import MAX_LISTED, Obstacle, Settlement, UsageReport, build_report
from tests.builders import contoso, history
from tests.usage.render.hostile import hostile_names

STEADY = (
    13,
    12,
    4,
    3,
    12,
    15,
    11,
    14,
    12,
    5,
    3,
    12,
    14,
    16,
    12,
    13,
    4,
    5,
    15,
    11,
    13,
    14,
    12,
    6,
    4,
    13,
    15,
    12,
    14,
    11,
    5,
)
"""Sessions of the days of October 2026, which begins on a Thursday: few at weekends."""


def month_of(
    days: Sequence[int],
    *,
    as_of: str,
    licences: int = 2,
    add_ons: int = 1,
    parts: Mapping[str, Mapping[str, int]] | None = None,
    corrections: Sequence[Correction] = (),
    closed: bool = False,
    time_zone: str = "Europe/Berlin",
    month: str = "2026-10",
) -> UsageReport:
    """The report of a month with these sessions on its first days, divided as `parts` says, else equally."""
    first = date.fromisoformat(f"{month}-01")
    bought = contoso().model_copy(
        update={
            "time_zone": time_zone,
            "licences": (Licence(product="Chat", quantity=licences, effective=first),) if licences else (),
            "add_ons": (AddOn(quantity=add_ons, effective=first),),
        }
    )
    counts: dict[str, dict[tuple[str, str], int]] = {
        f"{month}-{number:02}": {("counted", ""): sessions} for number, sessions in enumerate(days, 1)
    }
    total = sum(days)
    usual = {
        "byBot": {"contoso-bot": total},
        "byChannel": {"contoso-chat/webchat": total},
        "byWorkStream": {"ChatWorkStream": total},
    }
    of_first = counts.setdefault(f"{month}-01", {})
    for measure, sessions in {**usual, **(parts or {})}.items():
        of_first.update({(measure, name): n for name, n in sessions.items() if n})
    of_first.update({("excluded", "no_bot"): 17, ("excluded", "smart_assist_only"): 16})
    origins = sorted({one.origin_month for one in corrections})
    due = tuple(_due(origin, [one for one in corrections if one.origin_month == origin]) for origin in origins)
    settlement = Settlement(due, len(corrections), corrections[:MAX_LISTED], (), closed)
    return build_report("contoso", month, counts, history(bought), parse_time(as_of), None, settlement)


def _due(origin: str, corrections: Sequence[Correction]) -> Due:
    """What is due for a month that had 120 sessions of one bot, and a pool of 100."""
    changed = sum(one.sessions for one in corrections)
    before, after = ({("counted", ""): n, ("byBot", "contoso-bot"): n} for n in (120, changed))
    return due(origin, "Europe/Berlin", 100, before, after)


def divided(total: int, names: Sequence[str]) -> Mapping[str, int]:
    """The total divided among the names: each has about half as much as the one before, and at least one."""
    left, parts = total - len(names), {}
    for name in names:
        parts[name] = 1 + left // 2
        left -= left // 2
    return {**parts, names[0]: parts[names[0]] + left}


def a_correction(number: int, **members: Any) -> Correction:
    usual: dict[str, Any] = {
        "month": "2026-10",
        "recorded_at": "2026-10-12T08:00:00Z",
        "reason": ("late", "recalled", "changed", "counts")[number % 4],
        "conversation_id": f"contoso-chat.webchat.4f1d{number:04x}-77a2-4b0e.1",
        "key": f"k{number}",
        "origin_month": "2026-09",
        "day": f"2026-09-{number % 30 + 1:02}",
        "occasion": Occasion(fact_id="f", type="message.posted", received_at="2026-10-12T08:00:00Z"),
        "sessions": (1, -1, 0, 1)[number % 4],
        "changes": (),
        "revision": 1,
    }
    return Correction(**{**usual, **members})


def in_the_middle() -> UsageReport:
    """A steady month on the 21st at noon, whose pool will not last."""
    total = sum(STEADY[:21])
    parts = {
        "byBot": divided(total, ["contoso-bot", "contoso-loans", "contoso-after-hours"]),
        "byChannel": divided(total, ["contoso-chat/webchat", "contoso-app/app", "contoso-telegram/telegram"]),
        "byWorkStream": divided(total, ["ChatWorkStream", "LoanWorkStream"]),
    }
    some = [a_correction(number) for number in range(3)]
    return month_of(STEADY[:21], as_of="2026-10-21T10:00:00Z", licences=3, add_ons=1, parts=parts, corrections=some)


def everything() -> UsageReport:
    """A month with 31 days, 12 bots, 8 channels, 10 work streams and 50 corrections, with long names and overage."""
    total = sum(STEADY) * 40
    parts = {
        "byBot": divided(total, [f"customer-service-assistant-of-region-{n:02}-production" for n in range(12)]),
        "byChannel": divided(total, [f"contoso-messaging-account-{n}/whatsapp-business-platform" for n in range(8)]),
        "byWorkStream": divided(total, [f"InternationalCustomerCareWorkStream{n:02}" for n in range(10)]),
    }
    many = [
        a_correction(number, conversation_id=f"contoso-chat.{'webchat' * 8}.{number:032x}.1") for number in range(50)
    ]
    return month_of(
        [40 * n for n in STEADY], as_of="2026-10-31T21:00:00Z", licences=20, add_ons=40, parts=parts, corrections=many
    )


def stuck() -> UsageReport:
    """The month of `everything` in November, when it cannot be closed."""
    keys = ", ".join(f"contoso-chat.{'webchat' * 8}.{number:032x}.1" for number in range(10))
    obstacles = (
        Obstacle(code="rows_outstanding", detail=f"rows are still to be posted for {keys} and 2 more", days=()),
        Obstacle(code="days_differ", detail="31 days are not what their rows add up to", days=("2026-10-01",)),
    )
    return everything().model_copy(
        update={"status": "closing", "as_of": "2026-11-12T10:00:00Z", "obstacles": obstacles}
    )


HOSTILE = [
    "<script>document.title='run'</script>",
    "</title><script>document.title='run'</script>",
    '"><img src=x onerror="document.title=\'run\'">',
    "</style><svg onload=document.title='run'>",
    "{{ 7 * 7 }}{% raw %}",
    "&lt;b&gt; & <b>bold</b>",
    "javascript:document.title='run'",
    "\u202egnp.exe\x00\x1b[31m",
]


def hostile() -> UsageReport:
    """A month in which every name is chosen to run in a browser."""
    names = [*HOSTILE, *hostile_names(20, seed=3)]
    once = dict.fromkeys(names, 1)
    bad = [a_correction(n, conversation_id=name) for n, name in enumerate(HOSTILE)]
    parts = {"byBot": once, "byChannel": once, "byWorkStream": once}
    return month_of([len(names)], as_of="2026-10-21T10:00:00Z", parts=parts, corrections=bad)


def months() -> Mapping[str, UsageReport]:
    """A month for every sentence that a page begins with, and those with too much of everything."""
    middle = "2026-10-21T10:00:00Z"
    over = "2026-11-03T10:00:00Z"
    slow = [max(1, n // 4) for n in STEADY]
    return {
        "begun": month_of(STEADY[:3], as_of="2026-10-04T06:00:00Z"),
        "in-the-middle": in_the_middle(),
        "may-run-out": month_of(STEADY[:21], as_of=middle, licences=1, add_ons=3),
        "lasts": month_of(slow[:21], as_of=middle),
        "exhausted": month_of(STEADY[:21], as_of=middle, licences=1, add_ons=0),
        "no-pool": month_of(STEADY[:21], as_of=middle, licences=0, add_ons=0),
        "nothing": month_of([], as_of=middle),
        "closing": month_of(STEADY, as_of=over),
        "closed": month_of(slow, as_of="2026-11-09T00:00:00Z", closed=True),
        "taken-back": month_of([], as_of=middle, corrections=[a_correction(1)]),
        "everything": everything(),
        "stuck": stuck(),
        "hostile": hostile(),
    }
