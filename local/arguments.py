"""What commands have in common: how they read arguments, and how they end where something is refused."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

import typer
from azure.core.exceptions import AzureError

from local.host import load_local_settings
from local.replay import is_safe
from shared.errors import PatchbayError
from shared.events.envelope import parse_time
from shared.settings import Settings


def moment(text: str) -> datetime:
    """A time of RFC 3339."""
    try:
        return parse_time(text)
    except ValueError as cause:
        raise typer.BadParameter(str(cause)) from cause


def address(text: str) -> str:
    """An address to which a token may be sent."""
    try:
        safe = is_safe(text)
    except ValueError as cause:
        raise typer.BadParameter(str(cause)) from cause
    if not safe:
        raise typer.BadParameter("a token goes to https:// only, or to this machine")
    return text


def database_named(file: Path | None) -> Path:
    """The SQLite file that is named, or else the settings' one."""
    load_local_settings()
    return file or Settings().database


@contextmanager
def refusing(what: str) -> Iterator[None]:
    """Turn an error that somebody can do something about into one line that begins like this, and the exit code 1."""
    try:
        yield
    except (PatchbayError, AzureError, OSError) as refused:
        print(f"{what}: {_reason(refused)}", file=sys.stderr)
        raise typer.Exit(1) from refused


def _reason(refused: Exception) -> str:
    if isinstance(refused, OSError) and refused.filename:
        return f"{refused.filename}: {refused.strerror}; name another place, or look at the disk and the permissions"
    return str(refused)
