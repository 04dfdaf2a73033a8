"""Diagnoses a payload in a file without a host, by a tenant's configuration in a file."""

import json
from datetime import UTC, datetime

from rich.console import Console
from rich.text import Text

from local.lint import tenant_named_in
from shared.diagnosis.diagnose import diagnose
from shared.diagnosis.diagnosis import Diagnosis, ResultingEvent
from shared.diagnosis.findings import Finding
from shared.dialects.registry import dialect_named
from shared.tenants.decode import decode_configuration
from shared.tenants.history import History, Version

_COLOURS = {"error": "red", "warning": "yellow", "info": "cyan"}


def diagnosed(
    body: bytes, tenant: bytes, now: datetime, account_id: str | None, channel_id: str | None
) -> tuple[str, Diagnosis]:
    """The tenant's id, and the diagnosis. Raises InvalidConfiguration, UnknownAccount."""
    configuration = decode_configuration(tenant_named_in(tenant), tenant)
    history = History([Version(1, datetime.min.replace(tzinfo=UTC), configuration)])
    return configuration.tenant_id, diagnose(history, body, now, account_id, channel_id)


def show(tenant_id: str, diagnosis: Diagnosis, console: Console) -> None:
    """Print a diagnosis for people."""
    dialect = diagnosis.dialect or "no dialect that is read here"
    called = dialect_named(diagnosis.dialect).forms.get(diagnosis.form or "") if diagnosis.dialect else None
    form = f", {called}" if called else ""
    ingress = diagnosis.channel
    place = f" at {ingress.account_id}/{ingress.channel_id}" if ingress else ""
    console.print(Text(f"{dialect}{form}, as tenant {tenant_id} reads it{place}"), soft_wrap=True)
    if diagnosis.answer:
        console.print(Text(f"The ingress answers {diagnosis.answer.status} {diagnosis.answer.code or ''}".rstrip()))
    _section(console, "It becomes", [_event(event) for event in diagnosis.events] or [Text("nothing")])
    if diagnosis.ignored:
        _section(console, "Ignored", [_finding(note) for note in diagnosis.ignored])
    if diagnosis.findings:
        _section(console, "To know", [_finding(finding) for finding in diagnosis.findings])


def _section(console: Console, title: str, lines: list[Text]) -> None:
    console.print(Text(f"\n{title}", style="bold"))
    for line in lines:
        console.print(Text("  ") + line, soft_wrap=True)


def _event(event: ResultingEvent) -> Text:
    where = f"{event.path}: " if event.path else ""
    only = f" ({event.only})" if event.only else ""
    known = {name: value for name, value in event.data.items() if value not in (None, {}, 0)}
    data = ", ".join(f"{name} {json.dumps(value, ensure_ascii=False)}" for name, value in known.items())
    leads = f" -> queue {event.leads_to.queue}" if event.leads_to else ""
    return Text(f"{where}{event.type} {event.id}{only}: {data}{leads}")


def _finding(finding: Finding) -> Text:
    where = f"{finding.path}: " if finding.path else ""
    head = Text(f"{finding.severity:7} ", style=_COLOURS[finding.severity])
    end = "" if finding.reason.endswith("?") else "."
    return head + Text(f"{where}{finding.reason}{end} {finding.remedy} ({finding.code})")
