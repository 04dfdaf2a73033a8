"""Hypothesis without a deadline: a slow machine is not a failure, and a timed test would be.

With `--hypothesis-profile=glance` a counterexample is found, and not made small for people to read.
"""

from hypothesis import Phase, settings

settings.register_profile("patchbay", deadline=None)
settings.register_profile("glance", deadline=None, phases=(Phase.explicit, Phase.generate))
settings.load_profile("patchbay")
