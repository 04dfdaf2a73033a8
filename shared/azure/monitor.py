"""Telemetry to Application Insights, by Microsoft's distribution of OpenTelemetry."""

import logging

from azure.identity import ManagedIdentityCredential
from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry import metrics, trace
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.trace import TracerProvider

from shared.otlp import service_resource
from shared.settings import Monitor
from shared.telemetry import LOGGERS, Telemetry

_INSTRUMENTATIONS = (
    "azure_sdk",
    "django",
    "fastapi",
    "flask",
    "httpx",
    "psycopg2",
    "requests",
    "urllib",
    "urllib3",
)
"""The libraries that the distribution would instrument. Each call of a port has a span already, and the addresses of
requests to the store contain names of documents."""


def monitoring(monitor: Monitor, traces_ratio: float) -> Telemetry:
    """Telemetry that exports spans, metrics and our own loggers to the Application Insights in the settings.

    Called once per process: its providers become OpenTelemetry's global ones. Traces are sampled by their ids alone, as
    in `shared/otlp.py`. The distribution flushes when the process ends; the Functions worker has no other hook.
    """
    own, *others = LOGGERS
    configure_azure_monitor(
        connection_string=monitor.connection_string,
        logger_name=own,
        resource=service_resource(),
        sampling_ratio=traces_ratio,
        enable_live_metrics=False,
        enable_performance_counters=False,
        instrumentation_options={name: {"enabled": False} for name in _INSTRUMENTATIONS},
        **({"credential": _credential(monitor)} if monitor.by_identity else {}),
    )
    handlers = [each for each in logging.getLogger(own).handlers if isinstance(each, LoggingHandler)]
    for name in others:
        for handler in handlers:
            logging.getLogger(name).addHandler(handler)
    tracers, meters = trace.get_tracer_provider(), metrics.get_meter_provider()

    def shut_down() -> None:
        for provider in (tracers, meters):
            if isinstance(provider, TracerProvider | MeterProvider):
                provider.shutdown()

    return Telemetry(tracers, meters, shut_down)


def _credential(monitor: Monitor) -> ManagedIdentityCredential:
    return ManagedIdentityCredential(client_id=monitor.client_id)
