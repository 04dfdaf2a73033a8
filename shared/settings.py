"""What the environment says, in one typed object; nothing else reads the environment."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import AliasChoices, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import IncompleteSettings


@dataclass(frozen=True)
class Azure:
    """Where the services are: endpoints, reached with the process's identity, or emulators' connection strings."""

    cosmos: str
    cosmos_database: str
    service_bus: str
    storage: str


def _address(connection: str, endpoint: str) -> str | None:
    """A service's setting, named as the Functions host names connections: `NAME__property`, or `NAME` alone."""
    field: str | None = Field(None, validation_alias=AliasChoices(f"{connection}__{endpoint}", connection))
    return field


class Settings(BaseSettings):
    """The application's settings. Schedules (`%SWEEP_SCHEDULE%`, `%USAGE_SCHEDULE%`) are read by the Functions host."""

    model_config = SettingsConfigDict(env_prefix="PATCHBAY_", extra="ignore", populate_by_name=True)

    database: Path = Path("data/patchbay.db")
    """The file of the embedded store and bus (`PATCHBAY_DATABASE`)."""
    cosmos: str | None = _address("COSMOS", "accountEndpoint")
    cosmos_database: str = "patchbay"
    """The database in that account (`PATCHBAY_COSMOS_DATABASE`)."""
    service_bus: str | None = _address("SERVICE_BUS", "fullyQualifiedNamespace")
    storage: str | None = _address("STORAGE", "blobServiceUri")

    def azure(self) -> Azure | None:
        """The services in the cloud; None where none is named. Raises IncompleteSettings where only some are."""
        given = {
            "COSMOS__accountEndpoint": self.cosmos,
            "SERVICE_BUS__fullyQualifiedNamespace": self.service_bus,
            "STORAGE__blobServiceUri": self.storage,
        }
        missing = [name for name, value in given.items() if not value]
        if len(missing) == len(given):
            return None
        if missing:
            raise IncompleteSettings(missing)
        return Azure(self.cosmos or "", self.cosmos_database, self.service_bus or "", self.storage or "")
