"""Proof: 10,000 odd bodies at each dialect's ingress, and at the doctor, give no 5xx and do not make the process grow.

CloudEvents come in binary mode too, where headers are odd as well.

    python -m tests.prove.odd_bodies [BODIES]

Each dialect has a process of its own, whose memory is measured after a fifth of the bodies to warm up, and after all of
them (10,000, or so many) were posted then.
"""

import asyncio
import copy
import gc
import logging
import multiprocessing
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

from shared import bootstrap
from shared.ingress.receive import Receiver
from tests.diagnosis.doctor import QUIRKS
from tests.dialects.whatsapp import RIGHT_WEBHOOKS, ZOE
from tests.functions.hosts import EVENTS, WEB_CHAT, Host, hosted
from tests.functions.odd_bodies import ODD, RIGHT_ACTIVITIES, RIGHT_EVENTS, RIGHT_UPDATES, headers_by, mutated_by

BODIES = 10_000
MAX_GROWTH = 10.0
"""The most megabytes that the bodies may add to the process."""
FAILED, GREW = "answers with 5xx or dead letters", "processes that grew"
IDS = 10_000
TELEGRAM = "/api/tenants/contoso/channels/contoso-telegram/telegram"
WHATSAPP = "/api/tenants/contoso/channels/contoso-whatsapp/whatsapp"
DIAGNOSE = "/api/tenants/contoso/diagnose"
DIALECTS: dict[str, tuple[str, list[Any]]] = {
    "botFramework": (WEB_CHAT, [*RIGHT_ACTIVITIES]),
    "telegram": (TELEGRAM, [*RIGHT_UPDATES]),
    "cloudEvents": (EVENTS, [*RIGHT_EVENTS]),
    "whatsApp": (WHATSAPP, [*RIGHT_WEBHOOKS]),
    "binary mode": (EVENTS, [*RIGHT_EVENTS]),
}
IN_HEADERS = ("binary mode",)
"""The dialects whose bodies go, in part, into headers."""


def _resident() -> float:
    """The memory of this process in megabytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4096 / 2**20


def _body(chance: Random, right: list[Any], recorded: list[bytes]) -> bytes:
    match chance.randint(0, 9):
        case 0:
            return chance.randbytes(chance.randint(0, 200))
        case 1:
            # A payload with a quirk, of any dialect, with one byte changed.
            changed = bytearray(chance.choice(recorded))
            changed[chance.randrange(len(changed))] = chance.randrange(256)
            return bytes(changed)
        case _:
            body = mutated_by(chance, right, lambda: [{"x": copy.deepcopy(chance.choice(ODD))}], IDS)
            # Many conversations: a single one would take more memory with every line, to be folded anew.
            number = chance.randint(0, IDS // 10)
            for thread in (b'"thread-1"', b'"t"', b'"id": 3}'):
                body = body.replace(thread, thread[:-1] + b"%d" % number + thread[-1:])
            return body.replace(ZOE.encode(), b"%s%d" % (ZOE.encode(), number))


async def _post(host: Host, path: str, body: bytes, headers: dict[str, str]) -> int:
    """Post the bodies and work off the bus. Returns the number of 5xx answers."""
    answers = [await host.client.post(address, content=body, headers=headers) for address in (path, DIAGNOSE)]
    await host.drain()
    return sum(answer.status_code >= 500 for answer in answers) + host.pipeline.bus.backlog().dead_letters


async def measured(dialect: str, bodies: int, receiver: type[Receiver] = Receiver) -> tuple[int, float]:
    """(failures, growth in MB) of one dialect, in this process."""
    path, right = DIALECTS[dialect]
    chance, failures, before = Random(dialect), 0, 0.0
    warm_up = bodies // 5
    recorded = [payload.read_bytes() for payload in QUIRKS]  # before anything is served
    with tempfile.TemporaryDirectory() as folder:
        async with hosted(Path(folder)) as host:
            await host.configured("contoso")
            receiving = replace(host.pipeline, receiver=receiver(**vars(host.pipeline.receiver)))
            bootstrap.provide(receiving, bootstrap.access())
            for number in range(warm_up + bodies):
                if number == warm_up:
                    before = _resident()
                body, headers = _body(chance, right, recorded), dict[str, str]()
                if dialect in IN_HEADERS:
                    headers, body = headers_by(chance, body)
                failures += await _post(host, path, body, headers)
            return failures, _resident() - before


def _of(job: tuple[str, int, type[Receiver]]) -> tuple[int, float]:
    logging.disable()  # what is refused and parked is logged, a line each
    return asyncio.run(measured(*job))


def of_all(dialects: Iterable[str], bodies: int, receiver: type[Receiver] = Receiver) -> list[tuple[int, float]]:
    """(failures, growth in MB) of each dialect, in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(2, maxtasksperchild=1) as pool:
        return pool.map(_of, [(dialect, bodies, receiver) for dialect in dialects], chunksize=1)


def grew(results: Sequence[tuple[int, float]]) -> int:
    """How many processes grew."""
    return sum(growth >= MAX_GROWTH for _, growth in results)


def main(bodies: int = BODIES) -> int:
    """Print the figures; 0 if nothing failed and no process grew."""
    results = of_all(DIALECTS, bodies)
    failures, grown = sum(failed for failed, _ in results), grew(results)
    growths = ", ".join(f"{name} {growth:.1f} MB" for name, (_, growth) in zip(DIALECTS, results, strict=True))
    print(
        f"odd bodies: {bodies // 5} and then {bodies} at each of {len(DIALECTS)} ingress and at the doctor: "
        f"{failures} {FAILED}, {grown} {GREW} (by {growths})"
    )
    return int(bool(failures or grown))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
