"""The settings: typed objects of the environment's variables. No other module reads the environment."""

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import AliasChoices, Field, NonNegativeFloat, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.errors import IncompleteSettings

PREFIX = "PATCHBAY_"
"""The beginning of the names of our own settings."""


@dataclass(frozen=True)
class Azure:
    """The addresses of the services: endpoints for the process's identity, or emulators' connection strings."""

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

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", populate_by_name=True)

    database: Path = Path("data/patchbay.db")
    """The file of the embedded store and bus (`PATCHBAY_DATABASE`)."""
    cosmos: str | None = _address("COSMOS", "accountEndpoint")
    cosmos_database: str = "patchbay"
    """The database in that account (`PATCHBAY_COSMOS_DATABASE`)."""
    service_bus: str | None = _address("SERVICE_BUS", "fullyQualifiedNamespace")
    storage: str | None = _address("STORAGE", "blobServiceUri")

    def azure(self) -> Azure | None:
        """The services in the cloud; None if none is named. Raises IncompleteSettings if only some are named."""
        addresses = {
            "COSMOS__accountEndpoint": self.cosmos,
            "SERVICE_BUS__fullyQualifiedNamespace": self.service_bus,
            "STORAGE__blobServiceUri": self.storage,
        }
        missing = [name for name, value in addresses.items() if not value]
        if len(missing) == len(addresses):
            return None
        if missing:
            raise IncompleteSettings(missing)
        return Azure(self.cosmos or "", self.cosmos_database, self.service_bus or "", self.storage or "")


@dataclass(frozen=True)
class Monitor:
    """An Application Insights resource. Its key is in the connection string, unless the process's identity is used."""

    connection_string: str
    by_identity: bool
    client_id: str | None


class TelemetrySettings(BaseSettings):
    """The destination of telemetry. The names are those of the Functions host and of OpenTelemetry."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", populate_by_name=True)

    connection_string: str | None = Field(None, validation_alias="APPLICATIONINSIGHTS_CONNECTION_STRING")
    authentication: str = Field("", validation_alias="APPLICATIONINSIGHTS_AUTHENTICATION_STRING")
    """`Authorization=AAD`, with `ClientId=` of a user-assigned identity, if the process's identity is to be used."""
    otlp_endpoint: str | None = Field(None, validation_alias="OTEL_EXPORTER_OTLP_ENDPOINT")
    """The address of a collector, such as `http://127.0.0.1:4318`. The SDK reads this variable itself."""
    disabled: bool = Field(default=False, validation_alias="OTEL_SDK_DISABLED")
    traces_ratio: Annotated[float, Field(ge=0, le=1)] | None = Field(None, validation_alias="OTEL_TRACES_SAMPLER_ARG")
    """The part of all traces that is kept. The default is a tenth in Application Insights, which charges, else all."""

    def monitor(self) -> Monitor | None:
        """The Application Insights resource; None if none is named."""
        if not self.connection_string:
            return None
        pairs = (part.partition("=") for part in self.authentication.split(";"))
        authentication = {name.strip().lower(): value.strip() for name, _, value in pairs}
        by_identity = authentication.get("authorization", "").upper() == "AAD"
        return Monitor(self.connection_string, by_identity, authentication.get("clientid") or None)


SecretPrefix = Annotated[str, StringConstraints(pattern=r"^[A-Z][A-Z0-9_]*$")]


class AccessSettings(BaseSettings):
    """The settings of authentication, authorization and rates."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    authority: str | None = None
    """The issuer of access tokens: `https://login.microsoftonline.com/{directory}/v2.0`."""
    audience: str | None = None
    """The audience (`aud`) of access tokens: the client id of Patchbay's app registration."""
    grants: dict[str, frozenset[str]] = {}
    """The tenants of each person or system, by its object id in Entra ID: `{"<oid>": ["contoso"]}`."""
    secret_prefixes: dict[str, frozenset[SecretPrefix]] = {}
    """How the names of settings may begin that a tenant's configuration names as secrets, beside
    `PATCHBAY_SECRET_<TENANT>_`: `{"contoso": ["CONTOSO_"]}`."""
    app_service_authentication: bool = False
    """True if App Service authentication stands before the app, so that its header with the token can be trusted."""
    bot_metadata: str = "https://login.botframework.com/v1/.well-known/openidconfiguration"
    """The OpenID metadata of the Bot Connector, whose tokens channels bring."""
    requests_per_second: NonNegativeFloat = 100
    """The long-term rate of one tenant's requests to one process; 0 is no limit."""
    events_per_second: NonNegativeFloat = 1000
    """The long-term rate of the events in them; 0 is no limit."""
    bytes_per_second: NonNegativeFloat = 4 * 1024 * 1024
    """The long-term rate of the bytes of their bodies; 0 is no limit."""


class CommandSettings(BaseSettings):
    """The settings of the command line for calls to a deployment."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, extra="ignore")

    token: SecretStr | None = None
    """The access token of the user of the command line (`PATCHBAY_TOKEN`)."""


def own_settings() -> set[str]:
    """The names of all settings that begin with PREFIX."""
    fields = {**Settings.model_fields, **AccessSettings.model_fields, **CommandSettings.model_fields}
    return {PREFIX + name.upper() for name, field in fields.items() if field.validation_alias is None}


def unknown_settings() -> list[str]:
    """The names in the environment that begin with PREFIX and are no setting's nor a tenant's secret's, in any case."""
    known = own_settings()
    names = (name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return sorted(name for name in names if not _TENANTS_SECRET.match(name.upper()))


_TENANTS_SECRET = re.compile(f"{PREFIX}SECRET_[A-Z0-9]+_")


class EnvironmentSecrets:
    """Implements `Secrets` by app settings, in which App Service resolves Key Vault references."""

    def value(self, reference: str) -> str | None:
        value = os.environ.get(reference.removeprefix("env:"), "")
        # App Service leaves a reference that it cannot resolve as it is. Its text is no secret: it can be guessed.
        return None if value.startswith("@Microsoft.KeyVault(") else value or None
