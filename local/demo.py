"""The demonstration: the sample month through real HTTP and the real functions, on a movable clock.

It starts the local host as a process of its own, makes the posts of three tenants' channels in October 2026, each at
its time, and prints the pipeline's figures beside a count made straight from the posts.
"""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, replace
from datetime import datetime, timedelta
from itertools import starmap
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.independent_count.count import EXAMPLES, count_sample
from local.independent_count.figures import Figures
from local.sample.play import Player, figures_read, listed, sessions_read, settled_read
from local.sample.schedule import turns, year_end_turns
from local.sample.traffic import SampleMonth, sample_month

_TIMEOUT = 60.0
"""Seconds to wait for an answer, and for the host to end."""


HostCommand = Callable[[Path, datetime], Sequence[str]]
"""The command that starts a host with its files in a folder, its clock at a time; it prints its address first."""


def local_host(folder: Path, clock: datetime) -> Sequence[str]:
    """The local host, on a free port."""
    command = [sys.executable, "-m", "local", "start", "--port", "0", "--database", str(folder / "patchbay.db")]
    return [*command, "--clock", clock.isoformat()]


def demonstrate(folder: Path, seed: int, console: Console) -> bool:
    """Play the seed's month into `folder` (emptied first). True if every figure came out as expected."""
    month = sample_month(seed)
    ok = play_month(month, count_sample(month), folder, console)
    names = ("patchbay.db", "patchbay.archive", "usage-*.csv", "usage-*.html", "host.log")
    database, archive, reports, pages, log = (folder / name for name in names)
    files = f"Database {database}, archive {archive}, reports {reports}, pages {pages}, log {log}"
    console.print(files, soft_wrap=True)
    return ok


def play_month(
    month: SampleMonth, expected: Figures, folder: Path, console: Console, host: HostCommand = local_host
) -> bool:
    """Play a month into `folder` (emptied first). True if every figure came out as expected.

    The folder then has the usage report of each tenant and month, `usage-TENANT-MONTH.json`, `.csv` and `.html`, and
    `host.log`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    begin = month.posts[0].at - timedelta(hours=1)
    with _running(host(folder, begin), folder) as client:
        for tenant in _tenants(expected):
            body = (EXAMPLES / f"{tenant}.yaml").read_bytes()
            client.put(f"/api/tenants/{tenant}/configuration", content=body).raise_for_status()
        found = _play(client, month, begin, expected, console)
        _explain_one(client, console)
        _show_parked(client, _tenants(expected), console)
        _keep_reports(client, found, folder)
        Player(client, month.last).play(year_end_turns(month.year_end), lambda _: None)
        found = replace(found, year_end=settled_read(client, expected.year_end))
    return _compare(found, expected, console)


def _tenants(expected: Figures) -> list[str]:
    """The tenants for which usage is expected."""
    return sorted({tenant for tenant, _ in expected.usage})


@contextmanager
def _running(command: Sequence[str], folder: Path) -> Iterator[httpx.Client]:
    """Run the host, its log in the folder, and yield a client for it; the host is stopped at the end."""
    with (folder / "host.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True)  # noqa: S603  # our own command
    assert process.stdout is not None, "the host's output is piped"
    try:
        address = process.stdout.readline().split(" (")[0].rpartition(" ")[2]
        if not address:
            raise RuntimeError((folder / "host.log").read_text(encoding="utf-8"))
        with httpx.Client(base_url=address, timeout=_TIMEOUT) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(_TIMEOUT)
        finally:
            process.kill()
            process.stdout.close()


def _play(client: httpx.Client, month: SampleMonth, begin: datetime, expected: Figures, console: Console) -> Figures:
    """Play the month. Returns the pipeline's figures, with the sessions before the corrections and after them."""
    player = Player(client, begin)
    all_turns = list(turns(month))
    reading = next(number for number, turn in enumerate(all_turns, 1) if turn.at == month.reading)
    with Progress(console=console) as progress:
        task = progress.add_task(f"{len(month.posts)} posts of a month", total=len(month.posts))
        player.play(all_turns[:reading], lambda posts: progress.advance(task, posts))
        first = sessions_read(client, expected.first_read)
        player.play(all_turns[reading:], lambda posts: progress.advance(task, posts))
    client.post("/admin/functions/monthly_usage", json={"input": ""}).raise_for_status()
    found = figures_read(client, _tenants(expected), first)
    refused = {(tenant, f"refused, {code}"): number for (tenant, code), number in player.refused.items()}
    return replace(found, others={**found.others, **refused})


def _explain_one(client: httpx.Client, console: Console) -> None:
    """Print why one escalated conversation is in its queue."""
    page = client.get("/api/tenants/contoso/conversations", params={"queue": "CreditCardQueue"}).json()
    address = f"/api/tenants/contoso/conversations/{page['conversations'][0]['key']}/routing"
    console.print("\nWhy is this conversation in CreditCardQueue?", style="bold")
    text = f"GET {address}\n\n{client.get(address, headers={'Accept': 'text/plain'}).text}"
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _show_parked(client: httpx.Client, tenants: Sequence[str], console: Console) -> None:
    """Print how many events of each kind were parked, and why one of them was."""
    console.print("\nWhat was parked, and why?", style="bold")
    for tenant in tenants:
        parked = list(listed(client, tenant, "parked"))
        for code in sorted({event["code"] for event in parked}):
            details = [event["detail"] for event in parked if event["code"] == code]
            line = f"{tenant}: {len(details)} {code}, such as: {details[0]}"
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _keep_reports(client: httpx.Client, found: Figures, folder: Path) -> None:
    for tenant, month in found.usage:
        address = f"/api/tenants/{tenant}/usage/{month}"
        for name in ("json", "csv", "html"):
            answer = client.get(address, params={"format": name}).raise_for_status()
            (folder / f"usage-{tenant}-{month}.{name}").write_bytes(answer.content)


def _compare(found: Figures, expected: Figures, console: Console) -> bool:
    """Print the figures found beside those expected. True if all are equal."""
    console.print(_usage_table(found, expected), _year_end_table(found, expected), _others_table(found, expected), "")
    ok = found == expected
    console.print("All figures equal" if ok else "Figures differ (≠) from", "a count made straight from the posts.")
    return ok


def _usage_table(found: Figures, expected: Figures) -> Table:
    """The bot sessions, with those before the corrections, and the conversations that do not count."""
    columns = ("tenant", "month", "1 Nov", "sessions", "expected", "no bot", "assist", "entitled", "overage")
    table = _table("Bot sessions", columns)
    for key, usage in expected.usage.items():
        real = found.usage[key]
        before = _cell(found.first_read[key], expected.first_read[key])
        sessions = (str(real.sessions), str(usage.sessions))
        rest = zip(astuple(real)[1:], astuple(usage)[1:], strict=True)
        table.add_row(*key, before, *sessions, *starmap(_cell, rest), style=None if real == usage else "red")
    return table


def _year_end_table(found: Figures, expected: Figures) -> Table:
    """December, which is closed, and January, in which late events of December arrived."""
    columns = ("tenant", "month", "sessions", "entitled", "overage", "due", "invoiced", "add-ons")
    table = _table("Late events of December", columns)
    for key, settled in expected.year_end.items():
        figures = zip(astuple(found.year_end[key]), astuple(settled), strict=True)
        table.add_row(*key, *starmap(_cell, figures))
    return table


def _others_table(found: Figures, expected: Figures) -> Table:
    tenants = sorted({tenant for tenant, _ in {**found.others, **expected.others}})
    table = _table("Conversations and events", ("", *tenants))
    for name in sorted({name for _, name in {**found.others, **expected.others}}):
        keys = [(tenant, name) for tenant in tenants]
        table.add_row(name, *(_cell(found.others.get(key, ""), expected.others.get(key, "")) for key in keys))
    return table


def _table(title: str, columns: Sequence[str]) -> Table:
    """A table that fits into 80 columns."""
    table = Table(*columns, title=f"\n{title}", box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.title_justify, table.title_style = "left", "bold"
    return table


def _cell(found: int | str, expected: int | str) -> str:
    """The figure found, with the expected one beside it if they differ."""
    return str(found) if found == expected else f"[red]{found} ≠ {expected}[/red]"
