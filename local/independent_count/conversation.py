"""What becomes of a conversation of the sample month, in plain words and apart from the pipeline.

A start gives a conversation to a bot, unless it takes place where there are people only, or comes with a topic that
belongs to people. An escalation gives it to people, unless its topic belongs to a second bot that did not have it yet.
Whoever has the conversation waits so long for a word from the customer, a bot or an agent: then there may be a
reminder, then the end. Nothing lasts longer than 30 days.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.independent_count.occurrence import Occurrence

PEOPLE_ONLY = ("backoffice", "BackOfficeWorkStream", "depot")
"""Channels and work streams without bots."""
_OF_BOTS = {"fabrikam": "Technical", "northwind": "Wine"}
"""The topic that belongs to a tenant's second bot; all others belong to people."""
_LONGEST = timedelta(days=30)


@dataclass
class CountedConversation:
    """One conversation while it is told, with what a bill and a supervisor want to know of it."""

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
    """When the system reminded, or ended the conversation, because nobody spoke."""
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
        """Somebody begins it here; a channel's thread begins without a topic."""
        self.started, self.begun, self._place = True, occurrence.at, occurrence.place
        self._locale = occurrence.locale or "en"
        self._topic = occurrence.topic if occurrence.kind == "start" else None
        self._people_only = (occurrence.work_stream or occurrence.place[1]) in PEOPLE_ONLY
        self.with_bot = not self._people_only and self._topic in (None, _OF_BOTS.get(occurrence.tenant))
        if self.with_bot:
            self._invoke(occurrence.at)
            self._second_bot_had_it = self._topic is not None
        self._newest = occurrence.at

    def apply(self, occurrence: Occurrence) -> None:
        """The next thing, in order of time. After the end only the transcript grows."""
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
        """Nobody speaks until then."""
        if self.ended is not None or not self.started or self._newest is None:
            return
        policy = self._policy() or {}
        texts: dict[str, dict[str, str]] = policy.get("messages", {})
        texts_in_locale = texts.get(self._locale.partition("-")[0]) or texts.get("en", {})
        if "remindAfter" in policy and "remind" in texts_in_locale and not self._reminded:
            self._remind(self._newest + timedelta(seconds=policy["remindAfter"]), until, texts_in_locale["remind"])
        aged = self.begun + _LONGEST
        close = self._newest + timedelta(seconds=policy["closeAfter"]) if policy else aged
        if min(close, aged) <= until:
            self.ended, self.reason = (close, "inactivity") if close < aged else (aged, "other")
            self.lines += [texts_in_locale["close"]] if "close" in texts_in_locale and close < aged else []
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
        to_second = self._topic == _OF_BOTS.get(occurrence.tenant, "") and not self._second_bot_had_it
        self.with_bot = to_second and not self._people_only
        self._second_bot_had_it = self._second_bot_had_it or to_second

    def _policy(self) -> dict[str, Any] | None:
        """The channel's policy, else its work stream's, for a bot or for people, as the example says.

        Where there are people only, none does.
        """
        if self._people_only:
            return None
        account = next(one for one in self.configuration["accounts"] if one["id"] == self._place[0])
        channel = next(one for one in account["channels"] if one["id"] == self._place[1])
        stream = next(one for one in self.configuration["workStreams"] if one["id"] == channel["workStream"])
        owner = "bot" if self.with_bot else "open"
        policies = (one.get("inactivity", {}).get(owner) for one in (channel, stream))
        return next(filter(None, policies), None)
