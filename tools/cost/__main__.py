"""The command `python -m tools.cost`: the cost of a month on Azure at list prices."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.console import Console

from tools.cost.designs import measured_workload
from tools.cost.prices import list_prices
from tools.cost.table import show as show_cost
from tools.cost.workload import Workload

cli = typer.Typer(add_completion=False)


@cli.command()
def cost(
    conversations: Annotated[int, typer.Option(min=1, help="How many there are in a month.")] = 1_000_000,
    messages: Annotated[
        int | None, typer.Option(min=1, help="Lines of a conversation; as measured if not said.")
    ] = None,
    memory: Annotated[
        int, typer.Option(min=512, help="Megabytes of an instance of the app.")
    ] = Workload.memory_megabytes,
    autoscale: Annotated[bool, typer.Option(help="Cosmos DB with autoscale throughput.")] = Workload.autoscale,
) -> None:
    """Print what a month costs on Azure at list prices, beside two naive designs, and what that rests on."""
    measured = measured_workload()
    workload = replace(
        measured,
        conversations=conversations,
        messages=messages or measured.messages,
        memory_megabytes=memory,
        autoscale=autoscale,
    )
    show_cost(workload, list_prices(), Console(width=200))


if __name__ == "__main__":
    cli()
