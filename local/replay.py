"""Lists a running host's parked events by what is wrong with them, and replays them."""

import sys
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

import httpx

_PATIENCE = 30.0
"""Seconds to wait for an answer."""


async def replay_on(port: int, tenant: str, ids: Sequence[str], *, every: bool) -> bool:
    """`replay` on the host at this port; says so, and is False, where none answers."""
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=_PATIENCE) as client:
            return await replay(client, tenant, ids, every=every)
    except httpx.TransportError as failure:
        print(f"no host answers on port {port}: {failure}", file=sys.stderr)
        return False


async def replay(client: httpx.AsyncClient, tenant: str, ids: Sequence[str], *, every: bool) -> bool:
    """Replay the parked events of these ids, or `every` one; with neither, list them. Whether all was accepted."""
    address = f"/api/tenants/{quote(tenant, safe='')}/parked"
    if not ids:
        try:
            waiting = [event async for event in _waiting(client, address)]
        except httpx.HTTPStatusError as refusal:
            print(_reason(refusal.response), file=sys.stderr)
            return False
        if not every:
            _list(waiting)
            return True
        ids = [event["id"] for event in waiting]
    accepted = [await _replay_one(client, address, parked_id) for parked_id in ids]
    return all(accepted)


async def _waiting(client: httpx.AsyncClient, address: str) -> AsyncIterator[dict[str, Any]]:
    """All that waits, page by page. Raises HTTPStatusError."""
    parameters: dict[str, str] = {}
    while True:
        page = (await client.get(address, params=parameters)).raise_for_status().json()
        for event in page["parked"]:
            yield event
        if page["continuation"] is None:
            return
        parameters = {"continuation": page["continuation"]}


async def _replay_one(client: httpx.AsyncClient, address: str, parked_id: str) -> bool:
    answer = await client.post(f"{address}/{quote(parked_id, safe='')}/replay")
    accepted = answer.status_code == httpx.codes.ACCEPTED
    print(f"{parked_id}  {'accepted' if accepted else _reason(answer)}")
    return accepted


def _list(waiting: Sequence[dict[str, Any]]) -> None:
    """Print what waits, grouped by code and by the fields at fault."""
    if not waiting:
        print("nothing is parked")
    for wrong, events in groupby(sorted(waiting, key=_wrong), key=_wrong):
        group = list(events)
        print(f"{wrong} ({len(group)})")
        for event in group:
            print(f"  {event['id']}  {event['detail']}")


def _wrong(event: dict[str, Any]) -> str:
    """The code, and the fields at fault where there are some."""
    fields = [error["path"] for error in event["errors"] if error["path"]]
    return " ".join([event["code"], ", ".join(fields)]).rstrip()


def _reason(answer: httpx.Response) -> str:
    """Why a request was refused, in one line."""
    try:
        problem = answer.json()
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
