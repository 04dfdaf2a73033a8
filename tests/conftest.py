"""Hypothesis without a deadline: a slow machine is not a failure, and a timed test would be."""

from hypothesis import settings

settings.register_profile("patchbay", deadline=None)
settings.load_profile("patchbay")
