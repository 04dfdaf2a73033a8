"""Findings in a valid configuration: what its administrator cannot have meant, or should know of."""

from typing import Literal

from shared.errors import Position
from shared.wire import ExactModel

FindingCode = Literal[
    "bot_not_first",
    "cannot_send",
    "channel_closed",
    "channel_open",
    "dialect_changed",
    "empty_queue",
    "escalation_from_pick",
    "handshake_closed",
    "locale_malformed",
    "mode_changed",
    "more_findings",
    "names_differ_in_case",
    "no_inactivity_policy",
    "no_way_to_a_human",
    "number_against_text",
    "reminder_never_sent",
    "rule_shadowed",
    "rule_unreachable",
    "secret_of_others",
    "too_many_rules",
    "variable_near_miss",
]


class Finding(ExactModel):
    """Something that an administrator should know: `path` as in a mistake, and in `detail` what to do about it."""

    code: FindingCode
    path: str
    detail: str

    def shown(self, position: Position | None = None) -> dict[str, str | int]:
        """The finding as JSON for an answer; with its line and column in a text that has lines."""
        return {**self.model_dump(by_alias=True), **(position._asdict() if position else {})}
