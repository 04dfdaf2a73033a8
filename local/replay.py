"""Lists the parked events of a running host or of a deployment by their mistakes, and replays them."""

import sys
from collections.abc import AsyncIterator, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import quote

import httpx

_TIMEOUT = 30.0
"""Seconds to wait for an answer."""


def is_safe(url: str) -> bool:
    """True if a token may be sent there: over TLS, or to this machine. Raises ValueError if `url` is no address."""
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL as cause:
        raise ValueError(str(cause)) from cause
    return bool(address.host) and (
        address.scheme == "https" or (address.scheme == "http" and address.host in ("127.0.0.1", "::1", "localhost"))
    )


async def replay_on(url: str, token: str | None, tenant: str, ids: Sequence[str], *, every: bool) -> bool:
    """`replay` at this address, with this token if given. If no Patchbay answers there, says so and returns False."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        async with httpx.AsyncClient(base_url=url, headers=headers, timeout=_TIMEOUT) as client:
            return await replay(client, tenant, ids, every=every)
    except httpx.TransportError as failure:
        hint = "start one, or name another with --port or --url"
        print(f"no host answers at {url} ({failure}); {hint}", file=sys.stderr)
    except (ValueError, KeyError, TypeError):
        # Another server's answer: its text is not printed.
        print(f"what answers at {url} is no Patchbay", file=sys.stderr)
    return False


async def replay(client: httpx.AsyncClient, tenant: str, ids: Sequence[str], *, every: bool) -> bool:
    """Replay the parked events of these ids, or `every` one; with neither, list them. True if all were accepted."""
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
    """All waiting events, page by page. Raises HTTPStatusError."""
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
    """Print the waiting events, grouped by code and by the fields at fault."""
    if not waiting:
        print("nothing is parked")
    for wrong, events in groupby(sorted(waiting, key=_wrong), key=_wrong):
        group = list(events)
        print(f"{wrong} ({len(group)})")
        for event in group:
            effect = event["effect"]
            what = f"{effect['kind']} of {effect['key']}: " if effect else ""
            print(f"  {event['id']}  {what}{event['detail']}")


def _wrong(event: dict[str, Any]) -> str:
    """The event's code, and the fields at fault, if any."""
    fields = [error["path"] for error in event["errors"] if error["path"]]
    return " ".join([event["code"], ", ".join(fields)]).rstrip()


def _reason(answer: httpx.Response) -> str:
    """The reason why a request was refused, in one line."""
    try:
        problem = answer.json()
        return f"{problem['code']}: {problem['detail']}"
    except (ValueError, KeyError, TypeError):
        return f"HTTP {answer.status_code}"
