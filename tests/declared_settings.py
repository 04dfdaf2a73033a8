"""The names by which the environment gives the settings that `shared/settings.py` declares."""

from collections.abc import Iterator

from pydantic import AliasChoices
from pydantic_settings import BaseSettings

from shared import settings


def names_of_fields() -> Iterator[list[str]]:
    """The names of each field of each class, those of Azure first."""
    for one in vars(settings).values():
        if isinstance(one, type) and issubclass(one, BaseSettings) and one is not BaseSettings:
            for name, field in one.model_fields.items():
                alias = field.validation_alias
                choices = alias.choices if isinstance(alias, AliasChoices) else [alias] if alias else []
                prefix = one.model_config.get("env_prefix", "")
                yield [str(choice) for choice in choices] or [f"{prefix}{name}".upper()]
