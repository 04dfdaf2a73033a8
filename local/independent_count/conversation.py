"""How a conversation of the sample month goes, in plain rules and apart from the pipeline.

A start gives the conversation to a bot, unless its channel or work stream has people only, or its topic belongs to
people. An escalation of the bot that has it gives it to people, unless its topic belongs to a second bot that did not
have it yet; the agent who writes has it then. A customer who owes a bot an answer is reminded, and the conversation
ends, when the policy says so; one who waits in a queue is not reminded, and waits as long as its policy says. A bot
that owes the customer an answer loses the conversation to people, if it is configured so. 30 days after the last word
any conversation ends. Silence counts from when a word is known, so what a channel holds back closes nobody. A bot's
word within half an hour after the end is one at the end.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.independent_count.occurrence import Occurrence

PEOPLE_ONLY = ("backoffice", "BackOfficeWorkStream", "depot")
"""Channels and work streams without bots."""
_SECOND_BOT_TOPICS = {"fabrikam": "Technical", "northwind": "Wine"}
"""The topic that belongs to a tenant's second bot; all others belong to people."""
_LONGEST_SILENCE = timedelta(days=30)
_AT_THE_END = timedelta(minutes=30)


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
    with_agent: bool = False
    silences: list[datetime] = field(default_factory=list)
    """When the system did something because nobody spoke: a reminder, the hand-over to people, the end."""
    changed: list[str | None] = field(default_factory=list)
    """What lines said before they were changed."""
    continues: bool = False
    """It is a part of the session of the thread's conversation before it."""
    failed_over: bool = False
    """People took over, because the bot did not answer."""
    heard: list[Occurrence] = field(default_factory=list)
    _place: tuple[str, ...] = ()
    _people_only: bool = False
    _topic: str | None = None
    _locale: str = "en"
    _second_bot_had_it: bool = False
    _newest: datetime | None = None
    _reminded: bool = False
    _escalated: bool = False
    _customer_owes: bool = False
    _asked: datetime | None = None
    _beginning: Occurrence | None = None

    @property
    def beginning(self) -> Occurrence:
        assert self._beginning is not None, "a conversation that others follow has begun"
        return self._beginning

    @property
    def attention(self) -> str | None:
        """Who leaves the customer waiting by the end of the sample, which is later than anybody's patience."""
        if self.ended is not None or (self.with_agent and self._customer_owes):
            return None
        if self.with_bot:
            return None if self._customer_owes else "bot-silent"
        return "agent-silent" if self.with_agent else "waiting-long"

    @property
    def state(self) -> str:
        if self.ended is not None:
            return f"closed, {self.reason}"
        return "active" if self.with_bot or self.with_agent else "open"

    def start(self, occurrence: Occurrence) -> None:
        """Begin the conversation with this occurrence; a channel's thread begins without a topic."""
        self._beginning = occurrence
        self.started, self.begun, self._place = True, occurrence.at, occurrence.place
        self._locale = occurrence.locale or "en"
        self._topic = occurrence.topic if occurrence.kind == "start" else None
        self._people_only = (occurrence.work_stream or occurrence.place[1]) in PEOPLE_ONLY
        self.with_bot = not self._people_only and self._topic in (None, _SECOND_BOT_TOPICS.get(occurrence.tenant))
        if self.with_bot:
            self._invoke(occurrence.at)
            self._second_bot_had_it = self._topic is not None
        self._newest = occurrence.known

    def apply(self, occurrence: Occurrence) -> None:
        """Apply the next occurrence, in order of time. After the end only the transcript grows."""
        self.heard.append(occurrence)
        if occurrence.kind in ("line", "escalation"):
            self.lines.append(occurrence.text)
            self.changed += occurrence.before
        if self.ended is not None:
            said = occurrence.kind == "line" and occurrence.who == "bot" and occurrence.public
            if said and occurrence.at <= self.ended + _AT_THE_END:
                self._invoke(self.ended)
            return
        match occurrence.kind, occurrence.who:
            case "end", _:
                self.ended, self.reason = occurrence.at, occurrence.reason
            case _, "assistant":
                self.assisted = True
            case "escalation", _:
                self._escalate(occurrence)
            case "line", "bot":
                self._invoke(occurrence.at)
                self._spoken(occurrence, answers=self.with_bot)
            case "line", "agent":
                self.with_bot, self.with_agent = False, self.with_agent or self.started
                self._spoken(occurrence, answers=True)
            case _, "customer":
                self._ask(occurrence)

    def _ask(self, occurrence: Occurrence) -> None:
        self._newest, self._customer_owes, self._reminded = occurrence.known, False, False
        if occurrence.kind == "line":
            self._asked = self._asked or occurrence.known

    def _spoken(self, occurrence: Occurrence, *, answers: bool) -> None:
        if occurrence.public:
            self._newest, self._reminded = occurrence.known, False
            self._customer_owes = self._customer_owes or answers
            self._asked = None if answers else self._asked

    def _escalate(self, occurrence: Occurrence) -> None:
        if self.started and (self.with_agent or (self._escalated and not self.with_bot)):
            return
        self._invoke(occurrence.at)
        self._hand_over(occurrence)
        self._escalated = True
        self._newest, self._customer_owes, self._reminded, self._asked = occurrence.known, False, False, None

    def wait(self, until: datetime) -> None:
        """Apply the hand-over, the reminder and the end that are due if nobody speaks until then."""
        if self.ended is not None or not self.started or self._newest is None:
            return
        self._fail_over(until)
        policy = self._policy() or {}
        texts: dict[str, dict[str, str]] = policy.get("messages", {})
        texts_in_locale = texts.get(self._locale.partition("-")[0]) or texts.get("en", {})
        reminds = self.with_bot and not self._reminded
        if "remindAfter" in policy and "remind" in texts_in_locale and reminds:
            self._remind(self._newest + timedelta(seconds=policy["remindAfter"]), until, texts_in_locale["remind"])
        close = self._newest + (timedelta(seconds=policy["closeAfter"]) if policy else _LONGEST_SILENCE)
        if close <= until:
            self.ended, self.reason = close, "inactivity"
            self.lines += [texts_in_locale["close"]] if "close" in texts_in_locale else []
            self.silences.append(self.ended)

    def _remind(self, moment: datetime, until: datetime, text: str) -> None:
        if moment <= until:
            self.lines.append(text)
            self.silences.append(moment)
            self._reminded = True

    def _fail_over(self, until: datetime) -> None:
        bot = self.configuration["bots"][1 if self._second_bot_had_it else 0]
        if not self.with_bot or self._asked is None or "failOver" not in bot:
            return
        moment = self._asked + timedelta(seconds=bot["failOver"]["after"])
        if moment <= until:
            self.with_bot, self.failed_over, self._asked, self._newest = False, True, None, moment
            self.silences.append(moment)

    def _invoke(self, moment: datetime) -> None:
        self.invoked = min(moment, self.invoked or moment)

    def _hand_over(self, occurrence: Occurrence) -> None:
        self._topic = occurrence.topic or self._topic
        to_second = self._topic == _SECOND_BOT_TOPICS.get(occurrence.tenant, "") and not self._second_bot_had_it
        self.with_bot = to_second and not self._people_only
        self._second_bot_had_it = self._second_bot_had_it or to_second

    def _policy(self) -> dict[str, Any] | None:
        """The example's policy of the channel, else of its work stream, for a bot or for people.

        There is none where there are people only, while an agent has it, and while a bot owes the customer an answer.
        """
        if self._people_only or self.with_agent or (self.with_bot and not self._customer_owes):
            return None
        account = next(each for each in self.configuration["accounts"] if each["id"] == self._place[0])
        channel = next(each for each in account["channels"] if each["id"] == self._place[1])
        stream = next(each for each in self.configuration["workStreams"] if each["id"] == channel["workStream"])
        owner = "bot" if self.with_bot else "open"
        policies = (each.get("inactivity", {}).get(owner) for each in (channel, stream))
        return next(filter(None, policies), None)
