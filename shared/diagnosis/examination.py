"""Examines one body for the payload doctor: reads it as its ingress does, and collects what it becomes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.diagnosis.configuration_checks import ConfigurationChecks
from shared.diagnosis.diagnosis import Answer, Becoming, IngressChannel, Leading, shown
from shared.diagnosis.findings import Finding, finding, noted
from shared.dialects.cloud_events import read_each
from shared.dialects.notes import within
from shared.dialects.payload import Payload, read_payload, skipped_mark
from shared.dialects.reading import Reading
from shared.dialects.recognise import Dialect
from shared.errors import InvalidDocument, InvalidEvent, Refused, TooLate
from shared.events.catalog import ChannelReference, Event
from shared.events.claim_check import CheckedIn, restored
from shared.events.envelope import counted_moment
from shared.ingress.receive import counting_moment, drafted_event
from shared.routing.decision import Decision
from shared.tenants.configuration import Configuration
from shared.tenants.history import History
from shared.threads.thread import ThreadedConversation, started_event
from shared.wire import parse_json

_TIME = {"botFramework": "timestamp", "telegram": "message.date"}
"""Where a dialect has its time."""

_BEGINS = {
    "always": "where no conversation of the thread is going on",
    "ifFirst": "where the thread has no conversation yet",
}


@dataclass
class Examination:
    """Collects what one body becomes."""

    history: History
    now: datetime
    ingress: IngressChannel | None
    answer: Answer = field(default_factory=lambda: Answer(status=202))
    events: list[Becoming] = field(default_factory=list)
    ignored: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    opened: set[str | None] = field(default_factory=set)

    def read(self, dialect: Dialect, body: bytes) -> None:
        """Examine a body as an ingress for this dialect reads it."""
        try:
            if dialect == "cloudEvents":
                self.findings += [noted(note) for note in skipped_mark(body)]
                self._cloud_events(parse_json(body, InvalidEvent))
            else:
                self._native(read_payload(dialect, body, self._configuration), _TIME[dialect])
        except Refused as reason:
            self._refused(reason, "", whole=True)

    def _cloud_events(self, document: Any) -> None:
        batch = isinstance(document, list)
        events = document if batch else [document]
        read = read_each(self._configuration, events, self._channel if self.ingress else None)
        for index, one in enumerate(read):
            path = f"[{index}]" if batch else ""
            if isinstance(one, Refused):
                self._refused(one, path, whole=not batch)
            else:
                self._take(one, path, "time", {})
                if late := self._too_late(counted_moment(one.event.moment, self.now)):
                    # The ingress takes it, and whoever records it parks it.
                    self._found(late, within(path, "time"))

    def _native(self, payload: Payload, time_at: str) -> None:
        self.findings += [noted(note) for note in payload.notes]
        self.ignored += [noted(note) for note in payload.ignored]
        for part in payload.parts:
            if isinstance(part.outcome, Refused):
                self._refused(part.outcome, part.path, whole=False)
                continue
            self.findings += [noted(note, part.path) for note in part.outcome.notes]
            if not part.outcome.only_ignored:
                try:
                    self._examine(part.outcome, part.path, time_at)
                except Refused as reason:
                    at = time_at if isinstance(reason, TooLate) else ""
                    self._refused(reason, within(part.path, at), whole=not payload.is_set)

    def _examine(self, reading: Reading, path: str, time_at: str) -> None:
        """Take what a reading becomes, and then raise as the ingress does."""
        channel = self._channel.model_copy(update={"thread_id": reading.thread_id})
        moment = counting_moment(reading, self.now)
        tenant_id = self._configuration.tenant_id
        drafts = [drafted_event(tenant_id, channel, None, draft, reading.time, self.now) for draft in reading.drafts]
        late = self._too_late(moment)
        never = "if it were not too late" if late else None
        if reading.begins != "never" and reading.thread_id not in self.opened:
            begun = ThreadedConversation(
                conversation_id="unresolved",
                opened_at=moment,
                customer=reading.customer,
                context_variables=dict(reading.context),
            )
            start = started_event(tenant_id, channel, begun)
            self.opened.add(reading.thread_id)
            self.events.append(self._becoming(start, path, never or _BEGINS[reading.begins]))
            if reading.context:
                found = self._judge.findings(start, {"contextVariables": reading.context_at})
                self.findings += [one.model_copy(update={"path": within(path, one.path)}) for one in found]
        if reading.time is None:
            reason = "is missing, so the time of arrival counts"
            self.findings.append(finding("time_missing", within(path, time_at), reason))
        for made, draft in zip(drafts, reading.drafts, strict=True):
            self._take(made, path, time_at, draft.places, never)
        if late:
            raise late

    def _too_late(self, moment: datetime) -> TooLate | None:
        try:
            self.history.refuse_too_late(moment, self.now)
        except TooLate as late:
            return late
        return None

    def _take(
        self, made: CheckedIn, path: str, time_at: str, places: Mapping[str, str], only: str | None = None
    ) -> None:
        event = restored(made.event, made.contents)
        self.events.append(self._becoming(event, path, only))
        found = [*self._of_time(event, time_at), *_of_size(made), *self._judge.findings(event, places)]
        self.findings += [one.model_copy(update={"path": within(path, one.path)}) for one in found]

    def _of_time(self, event: Event, path: str) -> Iterator[Finding]:
        if event.finer_digits:
            yield finding("time_finer_than_microseconds", path, f"{event.time} is finer than a microsecond")
        if counted_moment(event.moment, self.now) != event.moment:
            yield finding("time_in_future", path, f"{event.time} is ahead of the clock, so the arrival counts")

    def _refused(self, reason: Refused, path: str, *, whole: bool) -> None:
        if whole:
            self.answer = Answer(status=reason.status, code=reason.code)
        self._found(reason, path)

    def _found(self, reason: Refused, path: str) -> None:
        code: Any = reason.code
        mistakes = reason.mistakes if isinstance(reason, InvalidDocument) else ()
        self.findings += [finding(code, within(path, one.path), one.reason) for one in mistakes]
        if not mistakes:
            self.findings.append(finding(code, path, reason.detail.removeprefix("time: ")))

    def _becoming(self, event: Event, path: str, only: str | None) -> Becoming:
        channel, decision = event.data.channel, self._judge.decision(event)
        return Becoming(
            path=path,
            type=event.type,
            id=event.id,
            time=event.time,
            thread=channel.thread_id if channel else None,
            subject=None if event.subject == "unresolved" else event.subject,
            only=only,
            data=shown(event),
            leads_to=_leading(decision),
        )

    @property
    def _configuration(self) -> Configuration:
        return self.history.at(self.now).configuration

    @property
    def _channel(self) -> ChannelReference:
        """The ingress's channel, or a nameless one."""
        if self.ingress is None:
            return ChannelReference(account_id="unknown", channel_id="unknown")
        return ChannelReference(account_id=self.ingress.account_id, channel_id=self.ingress.channel_id)

    @property
    def _judge(self) -> ConfigurationChecks:
        return ConfigurationChecks(self.history.at(self.now), self._channel if self.ingress else None)


def _of_size(made: CheckedIn) -> Iterator[Finding]:
    if made.contents:
        size = sum(map(len, made.contents.values()))
        reason = f"is too large for an event, so {size} bytes of it are kept apart, and are read as before"
        yield finding("kept_apart", "", reason)


def _leading(decision: Decision | None) -> Leading | None:
    if decision is None:
        return None
    return Leading(work_stream=decision.work_stream, rule=decision.rule, queue=decision.queue)
