"""Telemetry by OTLP over HTTP, to where OTEL_EXPORTER_OTLP_ENDPOINT says; its other variables hold, too."""

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
    """Spans, metrics and logs, exported in batches by threads of their own."""
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
    """Keeps this part of all traces, as told by their ids alone.

    The flag that a stranger sends neither costs nor hides anything, and each process that a trace goes through decides
    alike.
    """
    return TraceIdRatioBased(traces_ratio)


def service_resource() -> Resource:
    """What the process is: `patchbay`, unless OTEL_SERVICE_NAME or OTEL_RESOURCE_ATTRIBUTES say otherwise."""
    found = Resource.create()
    named = not str(found.attributes[SERVICE_NAME]).startswith("unknown_service")
    return found if named else found.merge(Resource({SERVICE_NAME: SCOPE}))
