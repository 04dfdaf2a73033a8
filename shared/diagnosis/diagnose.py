"""The payload doctor: the events that an ingress would make of a body, what it would ignore or refuse, and remedies.

It reads with the readers and the decoder of the ingress, and checks against the configuration in force. Nothing is
recorded or published, and no thread is looked up: a diagnosis assumes that no conversation of the thread is going on.
"""

from collections.abc import Iterator
from datetime import datetime

from shared.diagnosis.builder import DiagnosisBuilder
from shared.diagnosis.diagnosis import Diagnosis, IngressChannel
from shared.diagnosis.findings import Finding, finding
from shared.dialects.recognise import Recognised, recognise
from shared.dialects.registry import dialect_named
from shared.tenants.configuration import Account, Channel
from shared.tenants.history import History


def diagnose(
    history: History, body: bytes, now: datetime, account_id: str | None = None, channel_id: str | None = None
) -> Diagnosis:
    """Diagnose a body as if it arrived now. Raises UnknownAccount if the ids name no channel that is declared."""
    recognised = recognise(body)
    ingress = _ingress_channel(history, recognised, now, account_id, channel_id)
    builder = DiagnosisBuilder(history, now, ingress)
    dialect = dialect_named(ingress.dialect) if ingress else recognised.dialect
    builder.findings += _dialect_findings(recognised, ingress, history, now)
    if dialect is not None:
        builder.read(dialect, body)
    return Diagnosis(
        dialect=recognised.dialect.name if recognised.dialect else None,
        form=recognised.form,
        channel=ingress,
        answer=builder.answer if dialect else None,
        events=tuple(builder.events),
        ignored=tuple(dict.fromkeys(builder.ignored)),
        findings=tuple(dict.fromkeys(builder.findings)),
    )


def _ingress_channel(
    history: History, recognised: Recognised, now: datetime, account_id: str | None, channel_id: str | None
) -> IngressChannel | None:
    """The channel that the caller names, else the only one that fits the body's dialect and channelId; else None."""
    configuration = history.at(now).configuration
    declared = [(account, channel) for account in configuration.accounts for channel in account.channels]
    matching = [
        (account, channel)
        for account, channel in declared
        if account_id in (None, account.id) and channel_id in (None, channel.id)
    ]
    if account_id is not None or channel_id is not None:
        if not matching:
            raise configuration.unknown_channel(account_id or "", channel_id or "")
        return _as_ingress_channel(*matching[0], assumed=len(matching) > 1)
    if recognised.dialect is None or not recognised.dialect.needs_channel:
        return None
    same_dialect = [one for one in declared if one[0].dialect == recognised.dialect.name]
    same_id = [one for one in same_dialect if one[1].id == recognised.channel]
    candidates = same_id if len(same_id) == 1 else same_dialect
    return _as_ingress_channel(*candidates[0], assumed=True) if len(candidates) == 1 else None


def _as_ingress_channel(account: Account, channel: Channel, *, assumed: bool) -> IngressChannel:
    return IngressChannel(account_id=account.id, channel_id=channel.id, dialect=account.dialect, assumed=assumed)


def _dialect_findings(
    recognised: Recognised, ingress: IngressChannel | None, history: History, now: datetime
) -> Iterator[Finding]:
    dialect = recognised.dialect
    if foreign := recognised.foreign:
        reads = f", and account {ingress.account_id} reads {ingress.dialect}" if ingress else ""
        yield finding(foreign.code, "", f"is {foreign.name}, which no account reads{reads}")
    elif ingress and dialect and dialect.name != ingress.dialect:
        reason = f"is {dialect.name}, but account {ingress.account_id} reads {ingress.dialect}"
        yield finding("wrong_dialect", "", reason)
    elif ingress and ingress.assumed:
        name = f"{ingress.account_id}/{ingress.channel_id}"
        yield finding("channel_assumed", "", f"no channel was named, so it is judged as one of {name}")
    elif ingress is None and dialect is None:
        yield finding("unknown_dialect", "", recognised.broken or "is no payload of a dialect that is read here")
    elif ingress is None and dialect is not None and dialect.needs_channel:
        configuration = history.at(now).configuration
        if any(account.dialect == dialect.name for account in configuration.accounts):
            default = configuration.default_work_stream
            reason = f"no channel was named, and several are possible, so it is judged by work stream {default}"
            yield finding("channel_assumed", "", reason)
        else:
            yield finding("no_channel", "", f"the tenant has no account of dialect {dialect.name}")
