"""What the environment says, in one typed object; nothing else reads the environment."""

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The application's settings. Schedules (`%SWEEP_SCHEDULE%`, `%USAGE_SCHEDULE%`) are read by the Functions host."""

    model_config = SettingsConfigDict(env_prefix="PATCHBAY_", extra="ignore")

    database: Path = Path("data/patchbay.db")
    """The file of the embedded store and bus (`PATCHBAY_DATABASE`)."""
