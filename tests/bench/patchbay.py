"""Patchbay as it is measured: the local host in a process of its own, on a file of SQLite."""

import contextlib
import re
import sqlite3
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

from shared.bootstrap import EmbeddedPipeline, embedded_on
from shared.clock import SystemClock
from shared.embedded.database import Database
from tests.bench.configurations import configuration
from tests.bench.http_load import request_head
from tests.bench.lifecycle import TENANT, batches_of
from tests.bench.processes import Observed, running

ONE_EVENT = request_head(f"/api/tenants/{TENANT}/events", "application/cloudevents+json")
ACCEPTED = 202
BATCH_TYPE = "application/cloudevents-batch+json"
BATCH = request_head(f"/api/tenants/{TENANT}/events", BATCH_TYPE)

_LISTENS = re.compile(r"listens on http://127\.0\.0\.1:(\d+)")
_STARTS_WITHIN = 60.0
_LOOKS_EVERY = 0.01


@contextlib.asynccontextmanager
async def pipeline_on(file: Path) -> AsyncIterator[EmbeddedPipeline]:
    """The pipeline in this process, on a new file that has the tenant's configuration."""
    pipeline = embedded_on(Database(file), SystemClock())
    try:
        await pipeline.configurations.put(TENANT, configuration(), None)
        yield pipeline
    finally:
        await pipeline.close()


async def prepare(file: Path, events: Sequence[bytes]) -> None:
    """Make the database, with a backlog that came in through the ingress while no host ran."""
    async with pipeline_on(file) as pipeline:
        for body in batches_of(events, 100):
            receipt = await pipeline.receiver.receive_events(TENANT, body, {"content-type": BATCH_TYPE})
            assert not receipt.rejected, receipt.rejected[0]


class Host:
    """The running host, and a view of its store that changes nothing there."""

    def __init__(self, pid: int, port: int, observed: Observed, file: Path) -> None:
        self.pid = pid
        self.port = port
        self.observed = observed
        self.reader = sqlite3.connect(f"file:{file}?mode=ro", uri=True, isolation_level=None)

    def wait_until_idle(self) -> None:
        """Wait until no message waits any more."""
        while self.reader.execute("SELECT 1 FROM messages WHERE dead_reason IS NULL LIMIT 1").fetchone():
            time.sleep(_LOOKS_EVERY)

    def facts(self, tenant: str | None = None) -> int:
        """The number of facts that are stored, of the tenant if one is named."""
        of_tenant = "SELECT count(*) FROM facts WHERE tenant_id = coalesce(?, tenant_id)"
        (count,) = self.reader.execute(of_tenant, (tenant,)).fetchone()
        return int(count)


@contextlib.contextmanager
def host(file: Path, own: Sequence[str] | None = None) -> Iterator[Host]:
    """Run the host on this file, by its `own` command if there is one, from the moment at which it listens."""
    output = file.with_suffix(".output")
    command = own or [sys.executable, "-m", "local", "start", "--port", "0", "--database", str(file)]
    with running(command, {}, output) as process:
        until = time.monotonic() + _STARTS_WITHIN
        while not (found := _LISTENS.search(output.read_text(encoding="utf-8"))):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(f"the host does not start:\n{output.read_text(encoding='utf-8')[-2000:]}")
            time.sleep(0.002)
        with Observed(process) as observed:
            yield Host(process.pid, int(found[1]), observed, file)
