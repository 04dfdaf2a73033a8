"""HTTP triggers, the host's start page and admin route, and the movable clock, as an ASGI application."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import azure.functions as func
from azure.functions.meta import Datum
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from local.http_functions import HttpFunctions, http_datum
from local.index import Function
from local.start_page import start_page
from local.timers import TimerTrigger, run_timer
from shared.clock import MovableClock
from shared.errors import InvalidRequest, PatchbayError
from shared.strict_json import parse_json

_START_PATHS = ("/", "/api", "/api/")
_OWN_PATHS = ("/admin/", "/local/")
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def application(
    functions: Sequence[Function], clock: MovableClock | None, timers: Sequence[TimerTrigger] = ()
) -> ASGIApp:
    """Routes under `/api` for HTTP functions, the start page, the admin route for timers, and the clock's, if it can be
    moved.

    `timers` run by the clock: a request that moves it is answered when they have caught up.
    """
    first = start_page(timers)
    routes = [Route(path, first) for path in _START_PATHS]
    routes.append(_admin_route({function.name: function for function in functions if function.kind == "timerTrigger"}))
    if clock is not None:
        routes.append(_clock_route(clock, timers))
    http_functions, own = _http_functions(functions), Starlette(routes=routes)
    own.router.default = http_functions

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        # Almost every request is for a function, and need not pass through the middleware for the others.
        path = scope["path"]
        is_own = path.startswith(_OWN_PATHS) or path in _START_PATHS
        await (own if is_own else http_functions)(scope, receive, send)

    return serve


def _http_functions(functions: Sequence[Function]) -> HttpFunctions:
    by_name = {function.name: function for function in functions if function.kind == "httpTrigger"}
    converter = func.get_binding_registry().get("http")

    async def run(name: str, members: Mapping[str, Any]) -> Mapping[str, Any]:
        function = by_name[name]
        result = await function.run(function.decode(http_datum(members, Datum), {}))
        answer: Mapping[str, Any] = converter.encode(result, expected_type=None).value
        return answer

    return HttpFunctions(by_name.values(), run)


def _admin_route(timers: dict[str, Function]) -> Route:
    running: set[asyncio.Task[None]] = set()

    async def endpoint(request: Request) -> Response:
        function = timers.get(request.path_params["name"])
        if function is None:
            return JSONResponse({"detail": "there is no timer function of this name"}, 404)
        task = asyncio.create_task(run_timer(function, past_due=False))
        running.add(task)
        task.add_done_callback(running.discard)
        return Response(status_code=202)

    return Route("/admin/functions/{name}", endpoint, methods=["POST"])


def _clock_route(clock: MovableClock, timers: Sequence[TimerTrigger]) -> Route:
    async def endpoint(request: Request) -> Response:
        try:
            document = parse_json(await request.body(), InvalidRequest)
            step = document["advance"] if isinstance(document, dict) else None
            # A number would be taken for seconds, and true for one.
            now = clock.advance(_DURATION.validate_python(step if isinstance(step, str) else ""))
        except (PatchbayError, ValueError, KeyError, OverflowError):
            return JSONResponse({"detail": 'advance: is no duration forward such as {"advance": "PT10M"}'}, 400)
        for timer in timers:
            await timer.caught_up()
        return JSONResponse({"now": now.isoformat()})

    return Route("/local/clock", endpoint, methods=["POST"])
