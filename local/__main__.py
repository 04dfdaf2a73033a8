"""The command line, `python -m local …`: start, demo, lint, doctor, replay, rebuild, dead-letters and others."""

import asyncio
import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from local.arguments import address, database_named, moment, refusing
from local.backup import print_backup, print_restore
from local.dead_letters import dead_letters_on
from local.demo import demonstrate
from local.doctor import diagnosed, show
from local.emulators import prepare_emulators
from local.gate import OWN_NAMES
from local.host import load_local_settings, run_loop, serve
from local.lint import report
from local.log_limit import Repeated
from local.rebuild import rebuild_on
from local.replay import replay_on
from shared.access.request import name_requests_in_logs
from shared.clock import Clock, MovableClock, SystemClock
from shared.errors import PatchbayError
from shared.ingress.parked_event import NO_TENANT
from shared.settings import CommandSettings, Settings

_CONTOSO = Path(__file__).parent.parent / "examples" / "contoso.yaml"

cli = typer.Typer(no_args_is_help=True, add_completion=False)


@cli.callback()
def patchbay() -> None:
    """Patchbay on one machine."""
    # What customers said lies in nearly every file that a command writes: nobody else on this machine may read it.
    os.umask(0o077)


@cli.command()
def start(
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes a free one.")] = 7071,
    database: Annotated[Path | None, typer.Option(help="The SQLite file.")] = None,
    clock: Annotated[
        datetime | None,
        typer.Option(parser=moment, metavar="TIME", help="Stand still at this time; POST /local/clock moves it."),
    ] = None,
    host_name: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A name by which it may be called, such as a tunnel's; several are allowed."),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Print no line per request.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Serve until Ctrl-C or SIGTERM."""
    name_requests_in_logs()
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        handler.addFilter(Repeated())
    load_local_settings()
    chosen: Clock = MovableClock(clock) if clock else SystemClock()
    settings = Settings(database=database) if database else Settings()
    with refusing("Patchbay does not start"):
        names = OWN_NAMES | {name.lower() for name in host_name or ()}
        run_loop(serve(settings, port, chosen, log_requests=not quiet, names=names))


@cli.command()
def demo(
    folder: Annotated[Path, typer.Option(help="Where its files go, and an earlier demo's lie.")] = Path("data/demo"),
    seed: Annotated[int, typer.Option(help="Number that the traffic is generated from.")] = 2026,
) -> None:
    """Play a month of sample traffic, and compare the usage with an independent count."""
    with refusing("Patchbay plays no month"):
        same = demonstrate(folder, seed, Console())
    if not same:
        raise typer.Exit(1)


@cli.command()
def lint(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A configuration.")],
) -> None:
    """Print what is wrong with a tenant's configuration, and what is valid but hardly meant; nothing if it is clean."""
    lines = report(file)
    for line in lines:
        print(line)
    if lines:
        raise typer.Exit(1)


@cli.command()
def doctor(
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="A payload.")],
    tenant_file: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, readable=True, help="The configuration to judge it by.")
    ] = _CONTOSO,
    account: Annotated[str | None, typer.Option(help="The messaging account whose channel gets it.")] = None,
    channel: Annotated[str | None, typer.Option(help="The channel that gets it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the diagnosis as JSON.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Print what a payload becomes, what is ignored, and what is wrong with it; nothing is recorded."""
    try:
        tenant_id, diagnosis = diagnosed(
            file.read_bytes(), tenant_file.read_bytes(), SystemClock().now(), account, channel
        )
    except PatchbayError as refused:
        print(f"{refused} ({refused.code})", file=sys.stderr)
        raise typer.Exit(2) from refused
    if as_json:
        print(diagnosis.model_dump_json(by_alias=True, indent=2))
    else:
        show(tenant_id, diagnosis, Console())
    if diagnosis.is_refused:
        raise typer.Exit(1)


@cli.command()
def rebuild(
    database: Annotated[Path | None, typer.Option(help="The SQLite file; no host may be using it.")] = None,
    tenant: Annotated[str | None, typer.Option(help="This tenant only.")] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Write what the facts say where it differs.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Fold all facts anew, and compare with the stored heads, decisions and ledger.

    Without --database on Azure's services, where the environment names them, as whoever is signed in there.
    """
    with refusing("Patchbay does not rebuild"):
        same = asyncio.run(rebuild_on(database, tenant, repair=repair))
    if not same:
        raise typer.Exit(1)


@cli.command()
def dead_letters(
    database: Annotated[Path | None, typer.Option(help="The SQLite file; no host may be using it.")] = None,
    resubmit: Annotated[bool, typer.Option("--resubmit", help="Send all of them on their way again.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """List dead letters: subscription, id, age, and why; never what they say.

    Without --database on Azure's services, where the environment names them, as whoever is signed in there.
    """
    with refusing("Patchbay looks at no dead letters"):
        asyncio.run(dead_letters_on(database, resubmit=resubmit))


@cli.command()
def backup(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="Where the copy goes; nothing may be there.")],
    database: Annotated[Path | None, typer.Option(help="The SQLite file; a host may be using it.")] = None,
) -> None:
    """Copy a database as it is at one moment, with its archive beside it."""
    with refusing("Patchbay makes no copy"):
        print_backup(database_named(database), copy)


@cli.command()
def restore(
    copy: Annotated[Path, typer.Argument(metavar="FILE", help="A copy that `backup` made, its archive beside it.")],
    database: Annotated[Path | None, typer.Option(help="The SQLite file to make; no host may be using it.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace the database that is there.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """Put a copy and its archive in the place of a database; the copy stays as it is."""
    with refusing("Patchbay restores nothing"):
        print_restore(copy, database_named(database), replace=replace)


@cli.command()
def emulators() -> None:
    """Create the containers in the Cosmos DB emulator that the settings name, for `func start`."""
    load_local_settings()
    with refusing("Patchbay prepares nothing (`docker compose up` starts the emulators)"):
        print(asyncio.run(prepare_emulators(Settings())))


@cli.command()
def replay(
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Parked events to replay.")] = None,
    tenant: Annotated[str, typer.Option(help="Whose; by default those that name no known tenant.")] = NO_TENANT,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Where the host listens on 127.0.0.1.")] = 7071,
    url: Annotated[
        str | None,
        typer.Option(parser=address, metavar="URL", help="A deployment; PATCHBAY_TOKEN has the token to bring there."),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Replay all that wait.")] = False,  # noqa: FBT002  # a flag
) -> None:
    """List the parked events of a running host or of a deployment; replay, as they are, those that are named."""
    # The host of this machine asks for no token, and gets none.
    token = CommandSettings().token if url else None
    secret = token.get_secret_value() if token else None
    if not asyncio.run(replay_on(url or f"http://127.0.0.1:{port}", secret, tenant, ids or [], every=every)):
        raise typer.Exit(1)


if __name__ == "__main__":
    cli()
