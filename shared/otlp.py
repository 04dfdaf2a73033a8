"""Telemetry by OTLP over HTTP, configured by OTEL_EXPORTER_OTLP_ENDPOINT and OpenTelemetry's other variables."""

import logging

from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.logging.handler import LoggingHandler
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import SERVICE_NAME, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Sampler, TraceIdRatioBased

from shared.telemetry import LOGGERS, SCOPE, Telemetry


def exporting(traces_ratio: float) -> Telemetry:
    """Telemetry that exports spans, metrics and logs in batches, on threads of its own."""
    resource = service_resource()
    tracers = TracerProvider(sampler(traces_ratio), resource)
    tracers.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    meters = MeterProvider([PeriodicExportingMetricReader(OTLPMetricExporter())], resource)
    logs = LoggerProvider(resource)
    logs.add_log_record_processor(BatchLogRecordProcessor(OTLPLogExporter()))
    handler = LoggingHandler(logger_provider=logs)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)

    def shut_down() -> None:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
        for provider in (tracers, meters, logs):
            provider.shutdown()

    return Telemetry(tracers, meters, shut_down)


def sampler(traces_ratio: float) -> Sampler:
    """Keeps this share of all traces (0 to 1), chosen by their ids alone.

    A sampling flag from a stranger has no influence, and all processes that a trace goes through choose alike.
    """
    return TraceIdRatioBased(traces_ratio)


def service_resource() -> Resource:
    """The process's service name: `patchbay`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES name another."""
    found = Resource.create()
    named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if named else found.merge(Resource({SERVICE_NAME: SCOPE}))
