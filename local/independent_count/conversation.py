"""How a conversation of the sample month goes, in plain rules and apart from the pipeline.

A start gives the conversation to a bot, unless its channel or work stream has people only, or its topic belongs to
people. An escalation gives it to people, unless its topic belongs to a second bot that did not have it yet. When the
customer, the bots and the agents have been silent for as long as the policy says, there may be a reminder, then the
end. No conversation lasts longer than 30 days.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.independent_count.occurrence import Occurrence

PEOPLE_ONLY = ("backoffice", "BackOfficeWorkStream", "depot")
"""Channels and work streams without bots."""
_SECOND_BOT_TOPICS = {"fabrikam": "Technical", "northwind": "Wine"}
"""The topic that belongs to a tenant's second bot; all others belong to people."""
_MAX_DURATION = timedelta(days=30)


@dataclass
class CountedConversation:
    """One conversation while its occurrences are applied, with what a bill and a supervisor need to know of it."""

    tenant: str
    thread: str
    configuration: dict[str, Any]
    begun: datetime
    lines: list[str | None] = field(default_factory=list)
    invoked: datetime | None = None
    assisted: bool = False
    ended: datetime | None = None
    reason: str | None = None
    started: bool = False
    with_bot: bool = False
    silences: list[datetime] = field(default_factory=list)
    """When the system sent a reminder, or ended the conversation, because nobody spoke."""
    _place: tuple[str, ...] = ()
    _people_only: bool = False
    _topic: str | None = None
    _locale: str = "en"
    _second_bot_had_it: bool = False
    _newest: datetime | None = None
    _reminded: bool = False

    @property
    def state(self) -> str:
        if self.ended is not None:
            return f"closed, {self.reason}"
        return "active" if self.with_bot else "open"

    def start(self, occurrence: Occurrence) -> None:
        """Begin the conversation with this occurrence; a channel's thread begins without a topic."""
        self.started, self.begun, self._place = True, occurrence.at, occurrence.place
        self._locale = occurrence.locale or "en"
        self._topic = occurrence.topic if occurrence.kind == "start" else None
        self._people_only = (occurrence.work_stream or occurrence.place[1]) in PEOPLE_ONLY
        self.with_bot = not self._people_only and self._topic in (None, _SECOND_BOT_TOPICS.get(occurrence.tenant))
        if self.with_bot:
            self._invoke(occurrence.at)
            self._second_bot_had_it = self._topic is not None
        self._newest = occurrence.at

    def apply(self, occurrence: Occurrence) -> None:
        """Apply the next occurrence, in order of time. After the end only the transcript grows."""
        if occurrence.kind in ("line", "escalation"):
            self.lines.append(occurrence.text)
        if self.ended is not None:
            return
        match occurrence.kind, occurrence.who:
            case "end", _:
                self.ended, self.reason = occurrence.at, occurrence.reason
            case _, "assistant":
                self.assisted = True
            case "escalation", _:
                self._invoke(occurrence.at)
                self._hand_over(occurrence)
            case "line", "bot":
                self._invoke(occurrence.at)
        if occurrence.who not in ("system", "assistant"):
            self._newest, self._reminded = occurrence.at, False

    def wait(self, until: datetime) -> None:
        """Apply the reminder and the end that are due if nobody speaks until then."""
        if self.ended is not None or not self.started or self._newest is None:
            return
        policy = self._policy() or {}
        texts: dict[str, dict[str, str]] = policy.get("messages", {})
        texts_in_locale = texts.get(self._locale.partition("-")[0]) or texts.get("en", {})
        if "remindAfter" in policy and "remind" in texts_in_locale and not self._reminded:
            self._remind(self._newest + timedelta(seconds=policy["remindAfter"]), until, texts_in_locale["remind"])
        too_old = self.begun + _MAX_DURATION
        close = self._newest + timedelta(seconds=policy["closeAfter"]) if policy else too_old
        if min(close, too_old) <= until:
            self.ended, self.reason = (close, "inactivity") if close < too_old else (too_old, "other")
            self.lines += [texts_in_locale["close"]] if "close" in texts_in_locale and close < too_old else []
            self.silences.append(self.ended)

    def _remind(self, moment: datetime, until: datetime, text: str) -> None:
        if moment <= until:
            self.lines.append(text)
            self.silences.append(moment)
            self._reminded = True

    def _invoke(self, moment: datetime) -> None:
        self.invoked = min(moment, self.invoked or moment)

    def _hand_over(self, occurrence: Occurrence) -> None:
        self._topic = occurrence.topic or self._topic
        to_second = self._topic == _SECOND_BOT_TOPICS.get(occurrence.tenant, "") and not self._second_bot_had_it
        self.with_bot = to_second and not self._people_only
        self._second_bot_had_it = self._second_bot_had_it or to_second

    def _policy(self) -> dict[str, Any] | None:
        """The example's policy of the channel, else of its work stream, for a bot or for people.

        There is none where there are people only.
        """
        if self._people_only:
            return None
        account = next(each for each in self.configuration["accounts"] if each["id"] == self._place[0])
        channel = next(each for each in account["channels"] if each["id"] == self._place[1])
        stream = next(each for each in self.configuration["workStreams"] if each["id"] == channel["workStream"])
        owner = "bot" if self.with_bot else "open"
        policies = (each.get("inactivity", {}).get(owner) for each in (channel, stream))
        return next(filter(None, policies), None)
