"""The demonstration: a month of sample traffic through real HTTP and the real functions, on a movable clock.

It starts the local host as a process of its own, posts what two tenants' channels said in October 2026, each post at
its time, and ends with each tenant's usage beside a count made straight from the posts.
"""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from local.sample.count import EXAMPLES, Count, count_sample
from local.sample.traffic import Post, sample_month

_PATIENCE = 60.0
"""Seconds to wait for the pipeline to work off what it accepted."""


def demonstrate(folder: Path, seed: int, console: Console) -> bool:
    """Play the month into `folder` (emptied first); whether every count came out as expected."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    month = sample_month(seed)
    expected = count_sample(month.posts)
    tenants = sorted({tenant for tenant, _ in expected})
    first = month.posts[0].at - timedelta(hours=1)
    with _host(folder / "patchbay.db", first) as client:
        for tenant in tenants:
            _put_configuration(client, tenant)
        _play(client, list(month.posts), first, month.clock, console)
        client.post("/admin/functions/monthly_usage", json={"input": ""}).raise_for_status()
        _explain_one(client, tenants[0], console)
        ok = _compare(client, expected, folder, console)
    console.print(f"Database {folder / 'patchbay.db'}, reports {folder / 'usage-*.csv'}")
    return ok


@contextmanager
def _host(database: Path, clock: datetime) -> Iterator[httpx.Client]:
    """The local host on a free port, stopped at the end; a client that talks to it."""
    command = [sys.executable, "-m", "local", "start", "--port", "0", "--database", str(database)]
    process = subprocess.Popen([*command, "--clock", clock.isoformat()], stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own command
    try:
        assert process.stdout is not None, "the host's output is piped"
        address = process.stdout.readline().split(" (")[0].rpartition(" ")[2]
        with httpx.Client(base_url=address, timeout=_PATIENCE) as client:
            yield client
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(_PATIENCE)


def _put_configuration(client: httpx.Client, tenant: str) -> None:
    body = (EXAMPLES / f"{tenant}.yaml").read_bytes()
    client.put(f"/api/tenants/{tenant}/configuration", content=body).raise_for_status()


def _play(client: httpx.Client, posts: list[Post], first: datetime, last: datetime, console: Console) -> None:
    now = first
    with Progress(console=console) as progress:
        for post in progress.track(posts, description=f"{len(posts)} posts of a month"):
            _advance(client, post.at - now)
            now = max(now, post.at)
            answer = client.post(post.path, content=post.body, headers={"Content-Type": post.content_type})
            answer.raise_for_status()
    _advance(client, last - now)
    _work_off(client)


def _advance(client: httpx.Client, step: timedelta) -> None:
    if step > timedelta(0):
        client.post("/local/clock", json={"advance": f"PT{step.total_seconds():f}S"}).raise_for_status()


def _work_off(client: httpx.Client) -> None:
    """Wait until the bus is empty. Raises RuntimeError for dead letters, and when patience ends."""
    until = time.monotonic() + _PATIENCE
    while (bus := client.get("/api/health").json()["bus"])["active"]:
        if time.monotonic() > until:
            raise RuntimeError(f"{bus['active']} messages are still under way")
        time.sleep(0.05)
    if bus["deadLetters"]:
        raise RuntimeError(f"{bus['deadLetters']} messages became dead letters")


def _explain_one(client: httpx.Client, tenant: str, console: Console) -> None:
    """Print why one escalated conversation is where it is."""
    page = client.get(f"/api/tenants/{tenant}/conversations", params={"queue": "CreditCardQueue"}).json()
    address = f"/api/tenants/{tenant}/conversations/{page['conversations'][0]['key']}/routing"
    console.print("\nWhy is this conversation in CreditCardQueue?", style="bold")
    text = f"GET {address}\n\n{client.get(address, headers={'Accept': 'text/plain'}).text}"
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _compare(client: httpx.Client, expected: Mapping[tuple[str, str], Count], folder: Path, console: Console) -> bool:
    """Print the usage table and keep each report as CSV; whether every count is as expected."""
    table = Table("tenant", "month", "sessions", "expected", "entitled", "overage", "add-ons", title="Bot sessions")
    ok = True
    for (tenant, month), count in expected.items():
        address = f"/api/tenants/{tenant}/usage/{month}"
        report: dict[str, Any] = client.get(address).raise_for_status().json()
        figures = Count(report["counted"], report["entitlement"]["total"], report["overage"])
        ok = ok and figures == count
        cells = (figures.counted, count.counted, figures.entitlement, figures.overage, report["addOnsNeeded"])
        table.add_row(tenant, month, *map(str, cells), style=None if figures == count else "red")
        text = client.get(address, params={"format": "csv"}).raise_for_status().text
        (folder / f"usage-{tenant}-{month}.csv").write_text(text, encoding="utf-8", newline="")
    console.print(table)
    console.print("All figures equal" if ok else "Figures differ from", "a count made straight from the posts.")
    return ok
