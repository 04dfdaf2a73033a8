"""Ports as the pipeline sees them where telemetry is on: each call is a span, and each event goes with its trace."""
