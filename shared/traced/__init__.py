"""The ports where telemetry is on: each call is a span, and each published event carries its trace."""
