"""HTTP triggers, the host's admin route, and the movable clock, as an ASGI application."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta

import azure.functions as func
from azure.functions.meta import Datum
from pydantic import TypeAdapter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.index import Function
from local.timers import TimerTrigger, run_timer
from shared.clock import MovableClock
from shared.errors import InvalidRequest, PatchbayError
from shared.wire import parse_json

_log = logging.getLogger(__name__)
_DURATION: TypeAdapter[timedelta] = TypeAdapter(timedelta)


def application(
    functions: Sequence[Function], clock: MovableClock | None, timers: Sequence[TimerTrigger] = ()
) -> Starlette:
    """Routes under `/api` for HTTP functions, the admin route for timers, and the clock's, if it can be moved.

    `timers` run by the clock: a request that moves it is answered when they have caught up.
    """
    routes = [_http_route(function) for function in functions if function.kind == "httpTrigger"]
    routes.append(_admin_route({function.name: function for function in functions if function.kind == "timerTrigger"}))
    if clock is not None:
        routes.append(_clock_route(clock, timers))
    return Starlette(routes=routes)


def _http_route(function: Function) -> Route:
    async def endpoint(request: Request) -> Response:
        body = await request.body()
        argument = function.decode(_request_datum(request, body), {})
        try:
            result = await function.run(argument)
        except Exception:
            _log.exception("function %s failed", function.name)
            return Response(status_code=500)
        return _response(result)

    methods = [str(getattr(method, "value", method)) for method in function.trigger["methods"]]
    return Route(f"/api/{function.trigger['route']}", endpoint, methods=methods, name=function.name)


def _request_datum(request: Request, body: bytes) -> Datum:
    def texts(items: dict[str, str]) -> dict[str, Datum]:
        return {name: Datum(value, "string") for name, value in items.items()}

    value = {
        "method": Datum(request.method, "string"),
        "url": Datum(str(request.url), "string"),
        "headers": texts(dict(request.headers)),
        "query": texts(dict(request.query_params)),
        "params": texts(dict(request.path_params)),
        "body": Datum(body, "bytes"),
    }
    return Datum(value, "http")


def _response(result: func.HttpResponse) -> Response:
    encoded = func.get_binding_registry().get("http").encode(result, expected_type=None).value
    headers = {name: datum.value for name, datum in encoded["headers"].items()}
    return Response(encoded["body"].value, int(encoded["status_code"].value), headers)


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
