"""Retries an operation that failed because another process was faster."""

from datetime import timedelta

import stamina

TIMEOUT = timedelta(seconds=60)
"""How long an operation is retried: well below the 5 minutes for which the host renews the message's lock."""

retrying = stamina.AsyncRetryingCaller(
    attempts=None, timeout=TIMEOUT, wait_initial=0.005, wait_max=0.5, wait_jitter=0.02
)
"""`await retrying(HeadChanged, operation, *arguments)` repeats the operation while it raises that error."""
