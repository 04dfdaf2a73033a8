"""Opens the place where an operator's command works: a file, or Azure's services."""

from pathlib import Path

from local.host import load_local_settings
from shared.bootstrap import azure, embedded
from shared.clock import SystemClock
from shared.embedded.database import DatabaseMissing
from shared.pipeline import Pipeline
from shared.settings import Azure, Settings


def opened(database: Path | None) -> tuple[str, Pipeline]:
    """The place, without any key, and a pipeline on it: this file, else the services that the environment names, else
    the file of the settings.

    Raises IncompleteSettings, DatabaseMissing and DatabaseInUse.
    """
    # Read before this folder's settings are loaded: the sample settings name emulators, for `func start`.
    services = Settings().azure() if database is None else None
    if services is not None:
        return f"{_address(services)} {services.cosmos_database}", azure(services, SystemClock())
    load_local_settings()
    settings = Settings(database=database) if database else Settings()
    if not settings.database.exists():
        raise DatabaseMissing(settings.database)
    return str(settings.database), embedded(settings, SystemClock())


def _address(services: Azure) -> str:
    """The account's endpoint; never the key that an emulator's connection string has."""
    return next(part for part in services.cosmos.split(";") if not part.startswith("AccountKey="))
