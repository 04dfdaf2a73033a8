"""The conversations of the sample month: 1,500 of three tenants; one that comes back counts as one more."""

from collections.abc import Mapping, Sequence

from local.sample.stories import Part

_CARD = {"BotHandoffTopic": "CreditCard"}
_LOAN: Mapping[str, str | int] = {"BotHandoffTopic": "HomeLoan", "Age": 44}
_RETURN: Mapping[str, str | int] = {"BotHandoffTopic": "Return", "OrderValue": 1499}
_REFUND: Mapping[str, str | int] = {"BotHandoffTopic": "Refund", "OrderValue": 120}

_CONTOSO = (
    # The month's edges, in UTC.
    Part("contoso-chat", "webchat", "resolved", at="2026-09-30T23:58:40Z"),  # its start is September's
    Part("contoso-app", "app", "resolved", at="2026-10-01T00:00:00Z"),
    Part("contoso-app", "app", "escalated", at="2026-10-31T23:58:00Z"),
    Part("contoso-app", "app", "survey", at="2026-10-31T23:59:50Z", variables=_CARD),  # the bot comes in November
    # Late events of these change the bill.
    Part("contoso-app", "app", "moved", 2, at="2026-10-31T23:55:00Z", variables=_CARD),
    Part("contoso-app", "app", "moved_by_start", at="2026-10-31T23:58:20Z"),
    Part("contoso-app", "app", "promoted", 2, variables=_LOAN),
    Part("contoso-app", "app", "recalled", variables=_CARD),
    Part("contoso-app", "app", "overruled", variables=_LOAN),
    Part("contoso-chat", "webchat", "resolved", 26),
    Part("contoso-chat", "webchat", "escalated", 20),
    Part("contoso-chat", "webchat", "waiting", 9),
    Part("contoso-chat", "webchat", "abandoned", 10),
    Part("contoso-chat", "webchat", "silent", 6),
    Part("contoso-chat", "webchat", "reminded", 6),
    Part("contoso-chat", "webchat", "returned", 5),
    Part("contoso-chat", "webchat", "again", 3),
    Part("contoso-chat", "webchat", "given_up", 2),
    Part("contoso-app", "app", "resolved", 14),
    Part("contoso-app", "app", "announced", 3),
    Part("contoso-app", "app", "escalated", 11),
    Part("contoso-app", "app", "at_once", 3),
    Part("contoso-app", "app", "human", 16, variables=_CARD),
    Part("contoso-app", "app", "assisted", 16, variables=_LOAN),
    Part("contoso-app", "app", "assisted_bot", 3),
    Part("contoso-app", "app", "followed_up", 4),
    Part("contoso-telegram", "telegram", "resolved", 6),
    Part("contoso-telegram", "telegram", "escalated", 5),
    Part("contoso-chat", "webchat", "outage", 2),
    Part("contoso-chat", "webchat", "answered_late", 2),
    Part("contoso-chat", "webchat", "overlapped", 2),
    Part("contoso-chat", "webchat", "interrupted"),
    Part("contoso-chat", "webchat", "unanswered", 3),
    Part("contoso-chat", "webchat", "edited", 3),
    Part("contoso-telegram", "telegram", "edited", 2),
    Part("contoso-app", "app", "edited", 2),
    Part("contoso-chat", "webchat", "pressed", 3),
    Part("contoso-chat", "webchat", "pressed_last", 2),
    Part("contoso-telegram", "telegram", "pressed_last", 2),
    Part("contoso-chat", "webchat", "assisted_bot", 3),
    Part("contoso-chat", "webchat", "abandoned", at="2026-11-02T12:48:00Z"),  # reminded, and not closed yet
)

_FABRIKAM = (
    # The month's edges, in Berlin: it is an hour ahead of UTC from 25 October on, two before.
    Part("fabrikam-app", "app", "resolved", at="2026-09-30T21:40:00Z"),  # September in Berlin too
    Part("fabrikam-web", "webchat", "resolved", at="2026-09-30T22:30:00Z"),  # October in Berlin
    Part("fabrikam-app", "app", "abandoned", at="2026-10-31T22:40:00Z"),
    Part("fabrikam-app", "app", "escalated", at="2026-10-31T22:58:00Z"),
    Part("fabrikam-app", "backoffice", "survey", at="2026-10-31T22:59:50Z"),  # the bot comes in Berlin's November
    Part("fabrikam-web", "webchat", "escalated", at="2026-10-31T23:30:00Z"),  # November in Berlin
    # Late events of these change the bill.
    Part("fabrikam-app", "backoffice", "moved", 2, at="2026-10-31T22:55:00Z"),
    Part("fabrikam-app", "app", "moved_by_start", at="2026-10-31T22:58:20Z"),
    Part("fabrikam-app", "app", "promoted", 3, variables=_RETURN),
    Part("fabrikam-app", "backoffice", "recalled", 2),
    Part("fabrikam-app", "backoffice", "overruled", 2),
    Part("fabrikam-web", "webchat", "resolved", 16),
    Part("fabrikam-web", "webchat", "escalated", 15),
    Part("fabrikam-web", "webchat", "abandoned", 8),
    Part("fabrikam-web", "webchat", "reminded", 5),
    Part("fabrikam-web", "webchat", "returned", 5),
    Part("fabrikam-web", "webchat", "again", 3),
    Part("fabrikam-web", "webchat", "given_up", 2),
    Part("fabrikam-web", "webchat", "taken_over", 12),
    Part("fabrikam-web", "webchat", "two_voices", 8),
    Part("fabrikam-web", "backoffice", "human", 6),
    Part("fabrikam-app", "app", "resolved", 10),
    Part("fabrikam-app", "app", "escalated", 14),
    Part("fabrikam-app", "app", "at_once", 3),
    Part("fabrikam-app", "app", "expert", 8, variables={"BotHandoffTopic": "Technical"}),
    Part("fabrikam-app", "app", "taken_over", 12),
    Part("fabrikam-app", "app", "twice_escalated", 8),
    Part("fabrikam-app", "app", "human", 6, variables=_RETURN),
    Part("fabrikam-app", "app", "human", 6, work_stream="BackOfficeWorkStream"),
    Part("fabrikam-app", "backoffice", "assisted", 14),
    Part("fabrikam-app", "app", "assisted_bot", 3),
    Part("fabrikam-app", "app", "followed_up", 3),
    Part("fabrikam-app", "backoffice", "survey", 6),
    Part("fabrikam-app", "backoffice", "stuck", 4),  # an escalation without effect: the work stream is pick
    Part("fabrikam-app", "backoffice", "unfinished", 2),  # no policy ends it
    Part("fabrikam-app", "backoffice", "unfinished", at="2026-10-01T09:00:00Z"),  # 30 days do
    Part("fabrikam-web", "webchat", "outage", 2),
    Part("fabrikam-web", "webchat", "overlapped", 2),
    Part("fabrikam-web", "webchat", "interrupted"),
    Part("fabrikam-web", "webchat", "unanswered", 2),  # people are asked, and do not answer there
    Part("fabrikam-app", "app", "failed_over", 4),
    Part("fabrikam-web", "webchat", "edited", 3),
    Part("fabrikam-app", "app", "edited", 2),
    Part("fabrikam-web", "webchat", "chosen", 3),
    Part("fabrikam-web", "backoffice", "assisted", 3),
)

_NORTHWIND = (
    # The month's edges, in Los Angeles: seven hours behind UTC.
    Part("northwind-telegram", "telegram", "resolved", at="2026-10-01T06:58:30Z"),  # September there
    Part("northwind-app", "app", "resolved", at="2026-10-01T07:00:00Z"),
    Part("northwind-telegram", "telegram", "escalated", at="2026-11-01T06:58:00Z"),
    Part("northwind-app", "depot", "survey", at="2026-11-01T06:59:50Z"),  # the bot comes in November
    Part("northwind-web", "webchat", "resolved", at="2026-11-01T07:00:20Z"),
    Part("northwind-telegram", "telegram", "abandoned", 2, at="2026-11-01T06:30:00Z"),  # ends in November, in silence
    # Late events of these change the bill.
    Part("northwind-app", "depot", "moved", 3, at="2026-11-01T06:55:00Z"),
    Part("northwind-app", "app", "moved_by_start", 2, at="2026-11-01T06:58:20Z"),
    Part("northwind-app", "app", "promoted", 4, variables=_REFUND),
    Part("northwind-app", "depot", "recalled", 3),
    Part("northwind-app", "depot", "overruled", 2),
    Part("northwind-telegram", "telegram", "resolved", 205),
    Part("northwind-telegram", "telegram", "escalated", 90),
    Part("northwind-telegram", "telegram", "abandoned", 60),
    Part("northwind-telegram", "telegram", "announced", 25),
    Part("northwind-telegram", "telegram", "waiting", 30),
    Part("northwind-telegram", "telegram", "reminded", 25),
    Part("northwind-telegram", "telegram", "returned", 20),
    Part("northwind-telegram", "telegram", "again", 15),
    Part("northwind-telegram", "telegram", "given_up", 5),
    Part("northwind-telegram", "telegram", "taken_over", 40),
    Part("northwind-telegram", "telegram", "assisted_bot", 20),
    Part("northwind-web", "webchat", "resolved", 90),
    Part("northwind-web", "webchat", "escalated", 40),
    Part("northwind-web", "webchat", "abandoned", 20),
    Part("northwind-web", "webchat", "returned", 5),
    Part("northwind-web", "webchat", "two_voices", 15),
    Part("northwind-app", "app", "resolved", 60),
    Part("northwind-app", "app", "escalated", 20),
    Part("northwind-app", "app", "at_once", 10),
    Part("northwind-app", "app", "expert", 20, variables={"BotHandoffTopic": "Wine"}),
    Part("northwind-app", "app", "twice_escalated", 15),
    Part("northwind-app", "app", "human", 20, variables=_REFUND),
    Part("northwind-app", "app", "assisted", 20, variables={"BotHandoffTopic": "DeliveryMissing"}),
    Part("northwind-app", "app", "followed_up", 5),
    Part("northwind-app", "depot", "human", 20),
    Part("northwind-app", "depot", "survey", 8),
    Part("northwind-app", "depot", "unfinished", 4),
    Part("northwind-telegram", "telegram", "outage", 4),
    Part("northwind-telegram", "telegram", "answered_late", 4),
    Part("northwind-web", "webchat", "overlapped", 3),
    Part("northwind-web", "webchat", "interrupted"),
    Part("northwind-telegram", "telegram", "unanswered", 4),
    Part("northwind-telegram", "telegram", "edited", 12),
    Part("northwind-web", "webchat", "edited", 3),
    Part("northwind-app", "app", "edited", 3),
    Part("northwind-telegram", "telegram", "chosen", 8),
    Part("northwind-telegram", "telegram", "pressed_last", 6),
    Part("northwind-web", "webchat", "chosen", 3),
    Part("northwind-web", "webchat", "assisted_bot", 2),
    Part("northwind-web", "depot", "assisted", 3),
    Part("northwind-telegram", "telegram", "abandoned", 2, at="2026-11-02T12:40:00Z"),  # still the bot's
    Part("northwind-telegram", "telegram", "waiting", 2, at="2026-11-02T10:00:00Z"),  # still in the queue
)

PLAN: Mapping[str, Sequence[Part]] = {"contoso": _CONTOSO, "fabrikam": _FABRIKAM, "northwind": _NORTHWIND}

CONTEXTS: Mapping[str, Sequence[Mapping[str, str | int]]] = {
    "contoso": (
        _CARD,
        _CARD,
        {"BotHandoffTopic": "HomeLoan", "Age": 34},
        {"BotHandoffTopic": "Mortgage", "Age": 61},
        {"BotHandoffTopic": "HomeLoan", "Age": 17},  # a minor: the fallback queue
        {"BotHandoffTopic": "CreditCar"},  # the typing error that copied code is known for
        {"BotHandoffTopic": "Mortgage", "Age": "61"},  # text where a number is declared: a warning
    ),
    "fabrikam": (
        {"BotHandoffTopic": "Order", "OrderValue": 89},
        {"BotHandoffTopic": "Return", "OrderValue": 2350},
        {"BotHandoffTopic": "Invoice"},  # no rule knows it
        {},  # says nothing: the first line's human takes it
    ),
    "northwind": (
        {"BotHandoffTopic": "Refund", "OrderValue": 20},
        {"BotHandoffTopic": "Refund", "OrderValue": 75},
        {"BotHandoffTopic": "DeliveryLate"},
        {"BotHandoffTopic": "wine"},  # text is compared case-sensitively
        {},
    ),
}
"""The context variables that bots give when they escalate."""
