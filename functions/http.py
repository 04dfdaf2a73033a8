"""What every HTTP trigger shares: authorizing requests, and answering results and errors."""

import contextvars
import functools
import json
import logging
import traceback
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import azure.functions as func

from functions.query import refuse_query
from shared import bootstrap
from shared.access.request import REQUEST_ID_HEADER, Request, request_id, request_id_of
from shared.dialects.received import Reply
from shared.errors import PatchbayError, Retryable, Unauthorized, Unexpected
from shared.telemetry import OFF, Served, Telemetry

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]
ProblemPage = Callable[[func.HttpRequest, Mapping[str, Any]], tuple[str, Mapping[str, str]] | None]
"""Renders a request's problem document as HTML, with its headers; returns None if the caller wants no page."""

_log = logging.getLogger(__name__)
_request: contextvars.ContextVar[Request] = contextvars.ContextVar("request")
_json = json.JSONEncoder(ensure_ascii=False).encode

COMMON_HEADERS = {
    # Shared caches must not keep what one tenant's people may read, and a browser must ask before it shows it again.
    "Cache-Control": "private, no-cache",
    "X-Content-Type-Options": "nosniff",
}
"""The headers of every answer."""


def route(
    blueprint: func.Blueprint,
    methods: str | Sequence[str],
    template: str,
    *,
    query: Sequence[str] = (),
    problem_page: ProblemPage | None = None,
) -> Callable[[Handler], Any]:
    """Register a handler, wrapped by `guarded`, as the function that serves this route.

    `query`: the names of its query parameters. Every other one is refused.
    """

    def register(handler: Handler) -> Any:
        named = [methods] if isinstance(methods, str) else list(methods)
        return blueprint.route(template, methods=named)(guarded(handler, template, query, problem_page))

    return register


def guarded(
    handler: Handler, template: str, query: Sequence[str] = (), problem_page: ProblemPage | None = None
) -> Handler:
    """The handler with authorization before it, and with errors answered as problem documents (RFC 9457).

    A query parameter that `query` does not name is refused. `problem_page` renders an error for a caller that wants a
    page. Every answer has the request's id, and so has every line that is logged meanwhile. Every answer has the
    headers that restrict caches and browsers. The request is one span.
    """

    path = f"/api/{template}"

    @functools.wraps(handler)
    async def guard(req: func.HttpRequest) -> func.HttpResponse:
        request = _request_of(req)
        named = request_id.set(request_id_of(request.headers))
        served_now = _request.set(request)
        try:
            with _telemetry().serving(request.method, path, request.headers) as served:
                response = await _answered(handler, req, served, query, problem_page)
                served.answered(response.status_code)
            response.headers.update(COMMON_HEADERS)
            response.headers[REQUEST_ID_HEADER] = request_id.get()
            return response
        finally:
            _request.reset(served_now)
            request_id.reset(named)

    return guard


def current_request() -> Request:
    """The request that is being served, as authorization and dialects see it."""
    return _request.get()


def _request_of(req: func.HttpRequest) -> Request:
    headers = {name.lower(): value for name, value in req.headers.items()}
    return Request(headers, dict(req.route_params), req.get_body(), req.method, dict(req.params))


def _telemetry() -> Telemetry:
    try:
        return bootstrap.pipeline().telemetry
    except Exception:  # there is no pipeline, and the request is answered with that error
        return OFF


async def _answered(
    handler: Handler,
    req: func.HttpRequest,
    served: Served,
    query: Sequence[str],
    problem_page: ProblemPage | None,
) -> func.HttpResponse:
    try:
        tenant_id = await bootstrap.access().authorize(handler.__name__, current_request())
        if tenant_id is not None:
            served.admitted(tenant_id)
        refuse_query(req, query)
        return _sendable(await handler(req))
    except PatchbayError as error:
        reason = f"{error.code}: {error.fault}" if isinstance(error, Unauthorized) else error.code
        _log.info("%s refused a request (%s)", handler.__name__, reason)
        return _problem(error, req, problem_page)
    except Exception as failure:  # any error is answered, with the request's id
        # Its message may hold what a customer wrote.
        where = "".join(traceback.format_tb(failure.__traceback__))
        _log.error("%s failed with %s\n%s", handler.__name__, type(failure).__name__, where)  # see above
        return _problem(Unexpected(), req, problem_page)


def _sendable(response: func.HttpResponse) -> func.HttpResponse:
    """The response. Raises ValueError if a header holds more than printable ASCII: the host would send an empty 500."""
    if all(value.isascii() and value.isprintable() for value in (response.mimetype, *response.headers.values())):
        return response
    raise ValueError("a header of the response cannot be sent")


def answer(
    document: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """A JSON answer."""
    body = _json(document).encode()
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/json")


def replied(reply: Reply) -> func.HttpResponse:
    """A dialect's reply as the answer."""
    if not isinstance(reply.body, str):
        return answer(reply.body, HTTPStatus(reply.status), dict(reply.headers))
    body = reply.body.encode()
    return func.HttpResponse(body, status_code=reply.status, headers=dict(reply.headers), mimetype="text/plain")


def problem_document(error: PatchbayError, named: str) -> dict[str, Any]:
    """The problem document (RFC 9457) of an error, for the request that is named so."""
    return {
        "type": f"urn:patchbay:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
        "instance": f"urn:patchbay:request:{named}",
    }


def _problem(error: PatchbayError, req: func.HttpRequest, problem_page: ProblemPage | None) -> func.HttpResponse:
    document = problem_document(error, request_id.get())
    headers: dict[str, str] = {}
    if error.mistakes:
        document["errors"] = [mistake.shown() for mistake in error.mistakes]
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
        if error.disclosed:
            document["fault"] = error.fault
    if isinstance(error, Retryable):
        headers["Retry-After"] = str(error.retry_after)
    if page := problem_page(req, document) if problem_page else None:
        body, more = page
        return func.HttpResponse(body, status_code=error.status, headers={**headers, **more}, mimetype="text/html")
    body = _json(document)
    return func.HttpResponse(body, status_code=error.status, headers=headers, mimetype="application/problem+json")
