"""The demonstration: the sample month through real HTTP and the real functions, on a movable clock.

It starts the local host as a process of its own, makes the posts of three tenants' channels in October 2026, each at
its time, and prints the pipeline's figures beside a count made straight from the posts.
"""

import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import httpx
from rich.console import Console
from rich.progress import Progress

from local.demo_figures import compare
from local.independent_count.count import EXAMPLES, count_sample
from local.independent_count.figures import Figures
from local.sample.play import Player, figures_read, listed, sessions_read, settled_read
from local.sample.schedule import turns, year_end_turns
from local.sample.traffic import SampleMonth, sample_month
from shared.embedded.holding import DatabaseInUse, Hold
from shared.events.envelope import format_time

_MARK = "demonstration.txt"
_MARKED = "A demonstration made this folder. The next one that is to be played here empties it.\n"
_OWN = (_MARK, "patchbay.db*", "patchbay.archive", "usage-*", "host.log")
"""What a demonstration leaves in its folder; the mark is in no other one."""
_TIMEOUT = 60.0
"""Seconds to wait for an answer, and for the host to end."""


HostCommand = Callable[[Path, datetime], Sequence[str]]
"""The command that starts a host with its files in a folder, its clock at a time; it prints its address first."""


def local_host(folder: Path, clock: datetime) -> Sequence[str]:
    """The local host, on a free port."""
    command = [sys.executable, "-m", "local", "start", "--port", "0", "--database", str(folder / "patchbay.db")]
    return [*command, "--clock", clock.isoformat()]


def demonstrate(folder: Path, seed: int, console: Console) -> bool:
    """Play the seed's month into `folder` (emptied first). True if every figure came out as expected.

    Raises FileExistsError as `emptied` does, and RuntimeError if the host does not start.
    """
    emptied(folder)  # a folder that may not be emptied is refused before the month is made
    month = sample_month(seed)
    ok = play_month(month, count_sample(month), folder, console)
    show_the_end(folder, month, console)
    return ok


def show_the_end(folder: Path, month: SampleMonth, console: Console) -> None:
    """Print what the folder has, and how the month is seen in a browser."""
    command, addresses = to_see(folder, month)
    console.print(f"{folder} has the database, the reports (usage-*) and the host's log (host.log).", soft_wrap=True)
    tell = partial(console.print, style="bold", soft_wrap=True)
    tell("\nTo see these months in a browser, serve them, with the clock where they end:")
    console.print(f"  {command}", highlight=False, markup=False, soft_wrap=True)
    tell("and open October, or January, which has the corrections of December:")
    for address in addresses:
        console.print(f"  {address}", highlight=False, markup=False, soft_wrap=True)


def to_see(folder: Path, month: SampleMonth) -> tuple[str, Sequence[str]]:
    """The command that serves what was played into the folder, and the addresses of the pages with its figures."""
    database = shlex.quote(str(folder / "patchbay.db"))
    command = f".venv/bin/python -m local start --database {database} --clock {format_time(month.year_end.last)}"
    months = (month.reading - timedelta(days=1), month.year_end.last)
    return command, [f"http://127.0.0.1:7071/api/tenants/contoso/usage/{one:%Y-%m}" for one in months]


def emptied(folder: Path) -> Path:
    """The folder, made or emptied of what an earlier demonstration left there.

    Raises FileExistsError if it is no folder, was not made by a demonstration, has anything else, or is served by a
    host.
    """
    if folder.is_symlink():
        raise FileExistsError(f"{folder} is a link; name a folder with --folder")
    folder.mkdir(parents=True, exist_ok=True)
    found = {path.name for path in folder.iterdir()}
    others = sorted(name for name in found if not any(fnmatch(name, own) for own in _OWN))
    if others or (found and not _is_marked(folder)):
        what = f"has {others[0]}, which is no demonstration's" if others else "was not made by a demonstration"
        raise FileExistsError(f"{folder} {what}; remove it yourself, or name another with --folder")
    if found:
        try:
            holder = Hold(folder / "patchbay.db")
        except DatabaseInUse as served:
            raise FileExistsError(f"a host serves {folder}; stop it first, or name another with --folder") from served
        with closing(holder):
            shutil.rmtree(folder)
        folder.mkdir()
    # Before anything else, so that what is cut short can be played again.
    (folder / _MARK).write_text(_MARKED, encoding="utf-8")
    return folder


def _is_marked(folder: Path) -> bool:
    mark = folder / _MARK
    return mark.is_file() and mark.read_text(encoding="utf-8", errors="replace") == _MARKED


def play_month(
    month: SampleMonth, expected: Figures, folder: Path, console: Console, host: HostCommand = local_host
) -> bool:
    """Play a month into `folder` (emptied first). True if every figure came out as expected.

    The folder then has the usage report of each tenant and month, `usage-TENANT-MONTH.json`, `.csv` and `.html`, and
    `host.log`.
    """
    emptied(folder)
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
    return compare(found, expected, console)


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
