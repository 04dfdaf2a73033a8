"""The composition root: the only module that knows which adapters are real.

A process has one pipeline. It is made on first use, never at import; the local host, which brings its own clock and
lets callers in without a token, hands its pipeline over before the first event.
"""

from dataclasses import dataclass

import stamina.instrumentation

from shared.clock import Clock, SystemClock
from shared.embedded.bus import EmbeddedBus
from shared.embedded.database import Database
from shared.embedded.wiring import adapters_on, bus_on
from shared.pipeline import Pipeline, assembled
from shared.settings import Azure, Settings


@dataclass(frozen=True)
class EmbeddedPipeline(Pipeline):
    """A pipeline on one machine, with the bus and the file that the local host looks after."""

    bus: EmbeddedBus
    database: Database


def embedded(settings: Settings, clock: Clock, *, open_to_all: bool = False) -> EmbeddedPipeline:
    """A pipeline on one SQLite file. Raises DatabaseInUse."""
    return embedded_on(Database(settings.database), clock, open_to_all=open_to_all)


def embedded_on(database: Database, clock: Clock, *, open_to_all: bool = False) -> EmbeddedPipeline:
    """A pipeline on a database that is open."""
    _retry_quietly()
    bus = bus_on(database)
    wired = assembled(adapters_on(database, bus, clock), clock, open_to_all=open_to_all)
    return EmbeddedPipeline(**vars(wired), bus=bus, database=database)


def azure(services: Azure, clock: Clock) -> Pipeline:
    """A pipeline on Azure's services, or on emulators of them."""
    from shared.azure.wiring import adapters_for  # noqa: PLC0415  # the SDKs take a third of a second to import

    _retry_quietly()
    return assembled(adapters_for(services, clock), clock)


def _retry_quietly() -> None:
    """Two facts of one conversation at a time are ordinary, and so is the retry; a failure is worth a line."""
    stamina.instrumentation.set_on_retry_hooks(())


_pipelines: list[Pipeline] = []


def pipeline() -> Pipeline:
    """This process's pipeline, on what the settings name. Raises IncompleteSettings, DatabaseInUse."""
    if not _pipelines:
        settings = Settings()
        services = settings.azure()
        clock = SystemClock()
        _pipelines.append(azure(services, clock) if services else embedded(settings, clock))
    return _pipelines[-1]


def open_to_all() -> bool:
    """Whether callers need no token: only where a host that serves nobody else has said so."""
    return any(provided.open_to_all for provided in _pipelines)


def provide(own: Pipeline) -> None:
    """Make `own` this process's pipeline."""
    _pipelines[:] = [own]
