"""The host's own first page: what runs here, the tenants with their pages, and the commands that come next."""

import shlex
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from local.timers import TimerTrigger
from shared import bootstrap
from shared.clock import MovableClock
from shared.errors import NotAcceptable
from shared.events.envelope import format_time
from shared.ingress.parked_event import NO_TENANT
from shared.pipeline import Pipeline
from shared.usage.render.formats import Format, format_named, render_json
from shared.usage.render.page import environment, page_headers
from shared.usage.render.writing import LOCALES, Reader
from shared.wire import ExactModel

_COMMAND = ".venv/bin/python -m local"
_WEBHOOK = "/api/tenants/contoso/channels/contoso-chat/webchat"
_LINE = (
    '{"type": "message", "id": "m1", "conversation": {"id": "chat-1"}, "from": {"id": "mia", "role": "user"}, '
    '"text": "My card was stolen"}'
)
_HEADERS = {"Cache-Control": "private, no-cache", "X-Content-Type-Options": "nosniff", "Vary": "Accept"}


class Part(ExactModel):
    """A part of what runs, and how it is."""

    name: str
    state: str


class Tenant(ExactModel):
    """A tenant, and the addresses of its page and of its lists."""

    tenant_id: str
    usage: str
    conversations: str
    waiting: str
    parked: str
    configuration: str


class Step(ExactModel):
    """A command, and what it is for."""

    purpose: str
    command: str


class Start(ExactModel):
    """All that the page shows. `parked` lists events that name no known tenant."""

    address: str
    healthy: bool
    running: tuple[Part, ...]
    tenants: tuple[Tenant, ...]
    health: str
    parked: str
    next: tuple[Step, ...]


def start_page(timers: Sequence[TimerTrigger]) -> Callable[[Request], Awaitable[Response]]:
    """Answers with the page for a browser, with its content as JSON for a program, as with a month's usage."""

    async def endpoint(request: Request) -> Response:
        if unknown := sorted(set(request.query_params) - {"format"}):
            return JSONResponse({"detail": f"{unknown[0]}: is no parameter of this page; `format` is one"}, 400)
        try:
            chosen = format_named(_FORMATS, request.query_params.get("format"), request.headers.get("Accept", ""))
        except NotAcceptable as refused:
            return JSONResponse({"detail": refused.detail}, refused.status)
        host, port = request.scope["server"]
        start = await _found(bootstrap.pipeline(), f"http://{host}:{port or 80}", timers)
        body = chosen.renderer(start, Reader(LOCALES[0]))
        return Response(body, headers={**_HEADERS, **chosen.headers()}, media_type=chosen.media_type)

    return endpoint


async def _found(pipeline: Pipeline, address: str, timers: Sequence[TimerTrigger]) -> Start:
    database = pipeline.database.path if isinstance(pipeline, bootstrap.EmbeddedPipeline) else None
    healthy, health = await pipeline.health.check()
    tenants = sorted(await pipeline.configurations.tenants())
    return Start(
        address=address,
        healthy=healthy,
        running=tuple(_parts(pipeline, database, health, timers)),
        tenants=tuple(_tenant(tenant_id) for tenant_id in tenants),
        health="/api/health",
        parked=f"/api/tenants/{NO_TENANT}/parked",
        next=tuple(_steps(address, database, tenants, movable=isinstance(pipeline.clock, MovableClock))),
    )


def _parts(
    pipeline: Pipeline, database: Path | None, health: Mapping[str, Any], timers: Sequence[TimerTrigger]
) -> Iterator[Part]:
    if database is not None:
        yield Part(name="Database", state=str(database))
    for name in pipeline.health.probes:
        found = health[name]
        state = "reachable" if found["reachable"] else f"not reachable ({found['failure']})"
        if "active" in found:
            state += f", {found['active']} messages under way, {found['deadLetters']} dead letters"
        yield Part(name=name.capitalize(), state=state)
    moves = "where it stands still" if isinstance(pipeline.clock, MovableClock) else "the machine's"
    yield Part(name="Clock", state=f"{format_time(pipeline.clock.now().replace(microsecond=0))}, {moves}")
    for timer in timers:
        yield Part(name=f"Timer {timer.name}", state=f"next at {format_time(timer.due)}" if timer.due else "starting")


def _tenant(tenant_id: str) -> Tenant:
    address = f"/api/tenants/{tenant_id}"
    return Tenant(
        tenant_id=tenant_id,
        usage=f"{address}/usage",
        conversations=f"{address}/conversations?sort=activity",
        waiting=f"{address}/conversations?sort=waiting",
        parked=f"{address}/parked",
        configuration=f"{address}/configuration",
    )


def _steps(address: str, database: Path | None, tenants: Sequence[str], *, movable: bool) -> Iterator[Step]:
    tenant = tenants[0] if tenants else "contoso"
    file = "examples/contoso.yaml" if tenant == "contoso" else f"{tenant}.yaml"
    put = f"curl -X PUT --data-binary @{file} {address}/api/tenants/{tenant}/configuration"
    yield Step(purpose="Put a tenant's configuration, or a new version of it", command=put)
    if tenant == "contoso":
        said = f"curl -H 'Content-Type: application/json' -d '{_LINE}' {address}{_WEBHOOK}"
        yield Step(purpose="Say something as a customer, in a channel of the example", command=said)
    doctor = f"echo '{_LINE}' | {_COMMAND} doctor /dev/stdin --tenant-file {file}"
    yield Step(purpose="See what a payload becomes, and how to mend it; nothing is recorded", command=doctor)
    month = f"curl '{address}/api/tenants/{tenant}/usage?format=json'"
    yield Step(purpose="Read the months for a program", command=month)
    replay = f"{_COMMAND} replay --tenant {tenant} --port {address.rpartition(':')[2]}"
    yield Step(purpose="List parked events; add an id, or --all, to send them again", command=replay)
    if database is not None:
        backup = f"{_COMMAND} backup copies/today.db --database {shlex.quote(str(database))}"
        yield Step(purpose="Copy the database and its archive while the host runs", command=backup)
    if movable:
        move = f"""curl -d '{{"advance": "PT10M"}}' {address}/local/clock"""
        yield Step(purpose="Move the clock ten minutes forward", command=move)
    yield Step(purpose="Play a month of sample traffic into a database of its own", command="make demo")


def _html(start: Start, _: Reader) -> str:
    return environment(Path(__file__).parent / "templates").get_template("start.html").render(start=start)


def _json(start: Start, _: Reader) -> str:
    return render_json(start)


_FORMATS: Mapping[str, Format[Start]] = {
    "json": Format("application/json", _json),
    "html": Format("text/html", _html, headers=page_headers),
}
