"""The composition root: the only module that chooses adapters.

A process has one pipeline. It is made on first use, never at import. The local host makes its own, with its own clock
and without tokens for callers, and provides it before the first event.
"""

import logging
from dataclasses import dataclass

import stamina.instrumentation

from shared.access.access import Access
from shared.access.callers import Callers
from shared.access.issuer import TrustedIssuer
from shared.access.rate import RateLimit
from shared.access.request import name_requests_in_logs
from shared.access.secrets import GrantedSecrets
from shared.access.senders import Senders
from shared.clock import Clock, SystemClock
from shared.embedded.bus import EmbeddedBus
from shared.embedded.database import Database
from shared.embedded.wiring import adapters_on, bus_on
from shared.near_miss import did_you_mean
from shared.pipeline import Pipeline, assembled
from shared.settings import (
    AccessSettings,
    Azure,
    EnvironmentSecrets,
    Settings,
    TelemetrySettings,
    own_settings,
    unknown_settings,
)
from shared.telemetry import OFF, Telemetry
from shared.traced.wiring import traced
from shared.web.documents import HttpDocuments

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class EmbeddedPipeline(Pipeline):
    """A pipeline on one machine, with the bus and the database that the local host runs."""

    bus: EmbeddedBus
    database: Database


def embedded(
    settings: Settings, clock: Clock, *, open_to_all: bool = False, telemetry: Telemetry = OFF
) -> EmbeddedPipeline:
    """A pipeline on one SQLite file. Raises DatabaseInUse."""
    return embedded_on(Database(settings.database), clock, open_to_all=open_to_all, telemetry=telemetry)


def embedded_on(
    database: Database, clock: Clock, *, open_to_all: bool = False, telemetry: Telemetry = OFF
) -> EmbeddedPipeline:
    """A pipeline on an open database."""
    _retry_quietly()
    bus = bus_on(database)
    adapters = traced(
        adapters_on(database, bus, clock), clock, telemetry, store="sqlite", archive="file", overflow="sqlite"
    )
    wired = assembled(adapters, clock, open_to_all=open_to_all, telemetry=telemetry)
    return EmbeddedPipeline(**vars(wired), bus=bus, database=database)


def azure(services: Azure, clock: Clock, telemetry: Telemetry = OFF) -> Pipeline:
    """A pipeline on Azure's services, or on emulators of them."""
    # The SDKs take a third of a second to import.
    from shared.azure.cosmos.charge import counted_by  # noqa: PLC0415  # see above
    from shared.azure.wiring import adapters_for  # noqa: PLC0415  # see above

    _retry_quietly()
    charged = adapters_for(services, clock, counted_by(telemetry))
    adapters = traced(charged, clock, telemetry, store="azure.cosmosdb", archive="azure.blob", overflow="azure.blob")
    return assembled(adapters, clock, telemetry=telemetry)


def telemetry() -> Telemetry:
    """Telemetry with the exporter that the environment names; OFF if it names none, or none that is usable.

    Call it once per process, because the exporter becomes global in the process.
    """
    try:
        return _telemetry_to(TelemetrySettings())
    except Exception as failure:  # events must be handled even if telemetry fails
        # The failure's message may hold the connection string.
        _log.error("there is no telemetry: %s", type(failure).__name__)  # see above
        return OFF


def _telemetry_to(settings: TelemetrySettings) -> Telemetry:
    """Telemetry by these settings. Its SDK is imported only if something is exported."""
    monitor, ratio = settings.monitor(), settings.traces_ratio
    if settings.disabled:
        return OFF
    if monitor is not None:
        from shared.azure.monitor import monitoring  # noqa: PLC0415  # see above

        return monitoring(monitor, _MONITOR_TRACES_RATIO if ratio is None else ratio)
    if settings.otlp_endpoint:
        from shared.otlp import exporting  # noqa: PLC0415  # see above

        return exporting(1.0 if ratio is None else ratio)
    return OFF


_MONITOR_TRACES_RATIO = 0.1


def _retry_quietly() -> None:
    """Log no retries: two facts of one conversation at the same time are ordinary. Failures are logged elsewhere."""
    stamina.instrumentation.set_on_retry_hooks(())


def access_to(own: Pipeline, settings: AccessSettings) -> Access:
    """The authorization for a pipeline. Keys and rates use the machine's clock, even if the pipeline has another."""
    documents, real = HttpDocuments(), SystemClock()
    metadata = f"{settings.authority.rstrip('/')}/.well-known/openid-configuration" if settings.authority else None
    authority = TrustedIssuer(metadata, documents, real) if metadata else None
    connector = TrustedIssuer(settings.bot_metadata, documents, real)
    secrets = GrantedSecrets(EnvironmentSecrets(), settings.secret_prefixes)
    return Access(
        callers=Callers(authority, settings.audience, own.clock, app_service=settings.app_service_authentication),
        senders=Senders(own.configurations, connector, secrets, own.clock, lenient=own.open_to_all),
        limits=RateLimit(
            settings.requests_per_second,
            real,
            events_per_second=settings.events_per_second,
            bytes_per_second=settings.bytes_per_second,
            too_deep_by=own.too_deep_by,
        ),
        grants={name.lower(): tenants for name, tenants in settings.grants.items()},
        open_to_all=own.open_to_all,
    )


_pipelines: list[Pipeline] = []
_accesses: list[Access] = []
_telemetries: list[Telemetry] = []


def pipeline() -> Pipeline:
    """This process's pipeline, on the adapters that the settings name. Raises IncompleteSettings, DatabaseInUse."""
    if not _pipelines:
        settings = Settings()
        services = settings.azure()
        if not _telemetries:
            # Kept even if the rest fails: each request tries again, and would leave another exporter's threads behind.
            _telemetries.append(telemetry())
        clock, reports = SystemClock(), _telemetries[-1]
        provide(azure(services, clock, reports) if services else embedded(settings, clock, telemetry=reports))
    return _pipelines[-1]


def access() -> Access:
    """The authorization for this process's pipeline."""
    own = pipeline()
    if not _accesses:
        _accesses.append(access_to(own, AccessSettings()))
    return _accesses[-1]


def provide(own: Pipeline, access: Access | None = None) -> None:
    """Make `own` this process's pipeline. Its callers are authorized by `access`, else as the environment says."""
    name_requests_in_logs()
    _warn_of_misspelt_settings()
    _pipelines[:] = [own]
    _accesses[:] = [access] if access else []


def _warn_of_misspelt_settings() -> None:
    """Log the names in the environment that are nearly a setting's. Any name may be a secret's, so none is refused."""
    for name in unknown_settings():
        if hint := did_you_mean(name, own_settings()):
            _log.warning("no setting is called %s%s", name, hint)
