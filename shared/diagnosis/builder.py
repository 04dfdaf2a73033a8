"""Builds the diagnosis of one body: reads it as its ingress does, and collects events, findings and refusals."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.access.sender_permissions import refuse_reserved
from shared.diagnosis.configuration_checks import ConfigurationChecks
from shared.diagnosis.diagnosis import Answer, Destination, IngressChannel, ResultingEvent, shortened_data
from shared.diagnosis.findings import Finding, finding, finding_of_note
from shared.dialects.dialect import Dialect, Ingress
from shared.dialects.event_notes import notes_on
from shared.dialects.notes import within
from shared.dialects.payload import Part, read_payload
from shared.dialects.reading import Reading
from shared.dialects.received import Received
from shared.errors import InvalidDocument, Refused, TooLate
from shared.events.catalog import Event
from shared.events.claim_check import CheckedIn, restored
from shared.events.data import ChannelReference
from shared.events.envelope import counted_moment
from shared.ingress.drafted_event import counting_moment, drafted_event
from shared.routing.decision import Decision
from shared.tenants.configuration import Configuration
from shared.tenants.history import History
from shared.threads.thread import ThreadedConversation, started_event
from shared.wire import replace

_BEGINS = {
    "always": "where no conversation of the thread is going on",
    "ifFirst": "where the thread has no conversation yet",
}


@dataclass
class DiagnosisBuilder:
    """Collects the members of a diagnosis. `opened`: the threads for which a start was added already."""

    history: History
    now: datetime
    ingress: IngressChannel | None
    answer: Answer = field(default_factory=lambda: Answer(status=202))
    events: list[ResultingEvent] = field(default_factory=list)
    ignored: list[Finding] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    opened: set[str | None] = field(default_factory=set)

    def read(self, dialect: Dialect, body: bytes) -> None:
        """Read a body as an ingress for this dialect does, and collect what comes of it."""
        received = Received(body)
        self.answer = Answer(status=dialect.acknowledge(received, {}).status)
        try:
            payload = read_payload(dialect, received, self._place, self.now)
            self.findings += [finding_of_note(note) for note in payload.notes]
            self.ignored += [finding_of_note(note) for note in payload.ignored]
            for part in payload.parts:
                self._part(part, dialect.time_at, is_set=payload.is_set)
        except Refused as reason:
            self._add_refusal(reason, "", whole=True)

    def _part(self, part: Part, time_at: str, *, is_set: bool) -> None:
        match part.outcome:
            case Refused() as reason:
                self._add_refusal(reason, part.path, whole=not is_set)
            case CheckedIn() as checked_in:
                try:
                    refuse_reserved(checked_in.event)
                except Refused as reason:
                    self._add_refusal(reason, part.path, whole=not is_set)
                    return
                self._add_event(checked_in, part.path, time_at, {})
                written = restored(checked_in.event, checked_in.contents)
                self.findings += [finding_of_note(note, part.path) for note in notes_on(written)]
                if late := self._too_late(counted_moment(checked_in.event.moment, self.now), time_at):
                    # The ingress accepts the event. It is parked when it is delivered.
                    self._add_errors(late, part.path)
            case Reading() as reading:
                self.findings += [finding_of_note(note, part.path) for note in reading.notes]
                if reading.only_ignored:
                    return
                try:
                    self._reading(reading, part.path, time_at)
                except Refused as reason:
                    self._add_refusal(reason, part.path, whole=not is_set)

    def _reading(self, reading: Reading, path: str, time_at: str) -> None:
        """Add the events of a reading. Raises the ingress's errors; TooLate only after the events are added."""
        channel = replace(self._channel, thread_id=reading.thread_id)
        moment = counting_moment(reading, self.now)
        tenant_id = self._configuration.tenant_id
        drafts = [drafted_event(tenant_id, channel, draft, reading.time, self.now) for draft in reading.drafts]
        late = self._too_late(moment, time_at)
        if_in_time = "if it were not too late" if late else None
        if reading.begins != "never" and reading.thread_id not in self.opened:
            conversation = ThreadedConversation(
                conversation_id="unresolved",
                opened_at=moment,
                customer=reading.customer,
                context_variables=dict(reading.context),
            )
            start = started_event(tenant_id, channel, conversation)
            self.opened.add(reading.thread_id)
            self.events.append(self._resulting_event(start, path, if_in_time or _BEGINS[reading.begins]))
            if reading.context:
                found = self._checks.findings(start, {"contextVariables": reading.context_at})
                self.findings += [replace(one, path=within(path, one.path)) for one in found]
        if reading.time is None:
            reason = "is missing, so the time of arrival counts"
            self.findings.append(finding("time_missing", within(path, time_at), reason))
        for checked_in, draft in zip(drafts, reading.drafts, strict=True):
            self._add_event(checked_in, path, time_at, draft.places, if_in_time)
        if late:
            raise late

    def _too_late(self, moment: datetime, time_at: str) -> TooLate | None:
        try:
            self.history.refuse_too_late(moment, self.now, time_at)
        except TooLate as late:
            return late
        return None

    def _add_event(
        self, checked_in: CheckedIn, path: str, time_at: str, places: Mapping[str, str], only: str | None = None
    ) -> None:
        event = restored(checked_in.event, checked_in.contents)
        self.events.append(self._resulting_event(event, path, only))
        found = [*self._time_findings(event, time_at), *_kept_apart(checked_in), *self._checks.findings(event, places)]
        self.findings += [replace(one, path=within(path, one.path)) for one in found]

    def _time_findings(self, event: Event, path: str) -> Iterator[Finding]:
        if event.finer_digits:
            yield finding("time_finer_than_microseconds", path, f"{event.time} is finer than a microsecond")
        if counted_moment(event.moment, self.now) != event.moment:
            yield finding("time_in_future", path, f"{event.time} is ahead of the clock, so the arrival counts")

    def _add_refusal(self, reason: Refused, path: str, *, whole: bool) -> None:
        if whole:
            self.answer = Answer(status=reason.status, code=reason.code)
        self._add_errors(reason, path)

    def _add_errors(self, reason: Refused, path: str) -> None:
        code: Any = reason.code
        mistakes = reason.mistakes if isinstance(reason, InvalidDocument | TooLate) else ()
        self.findings += [finding(code, within(path, one.path), one.reason) for one in mistakes]
        if not mistakes:
            self.findings.append(finding(code, path, reason.detail))

    def _resulting_event(self, event: Event, path: str, only: str | None) -> ResultingEvent:
        channel, decision = event.data.channel, self._checks.decision(event)
        return ResultingEvent(
            path=path,
            type=event.type,
            id=event.id,
            time=event.time,
            thread=channel.thread_id if channel else None,
            subject=None if event.subject == "unresolved" else event.subject,
            only=only,
            data=shortened_data(event),
            leads_to=_destination(decision),
        )

    @property
    def _configuration(self) -> Configuration:
        return self.history.at(self.now).configuration

    @property
    def _place(self) -> Ingress:
        """Where the payload would come in."""
        if self.ingress is None:
            return Ingress(self._configuration)
        found = self._configuration.channel(self.ingress.account_id, self.ingress.channel_id)
        return Ingress(self._configuration, self._channel, found[1].native_id if found else None)

    @property
    def _channel(self) -> ChannelReference:
        """The ingress's channel; if there is none, a channel called unknown."""
        if self.ingress is None:
            return ChannelReference(account_id="unknown", channel_id="unknown")
        return ChannelReference(account_id=self.ingress.account_id, channel_id=self.ingress.channel_id)

    @property
    def _checks(self) -> ConfigurationChecks:
        return ConfigurationChecks(self.history.at(self.now), self._channel if self.ingress else None)


def _kept_apart(checked_in: CheckedIn) -> Iterator[Finding]:
    if checked_in.contents:
        size = sum(map(len, checked_in.contents.values()))
        reason = f"is too large for an event, so {size} bytes of it are kept apart, and are read as before"
        yield finding("kept_apart", "", reason)


def _destination(decision: Decision | None) -> Destination | None:
    if decision is None:
        return None
    return Destination(work_stream=decision.work_stream, rule=decision.rule, queue=decision.queue)
