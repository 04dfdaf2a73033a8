"""What every HTTP trigger has in common: who may call, and how results and errors are answered."""

import functools
import json
import logging
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

import azure.functions as func

from shared import bootstrap
from shared.errors import PatchbayError, Unauthorized

Handler = Callable[[func.HttpRequest], Awaitable[func.HttpResponse]]

_log = logging.getLogger(__name__)


def guarded(handler: Handler) -> Handler:
    """Let in who may call, and answer errors as problem documents (RFC 9457)."""

    @functools.wraps(handler)
    async def guard(req: func.HttpRequest) -> func.HttpResponse:
        try:
            if not bootstrap.open_to_all():
                raise Unauthorized
            return await handler(req)
        except PatchbayError as error:
            _log.info("refused a request", extra={"code": error.code})
            return _problem(error)

    return guard


def answer(
    document: Any, status: HTTPStatus = HTTPStatus.OK, headers: dict[str, str] | None = None
) -> func.HttpResponse:
    """A JSON answer."""
    body = json.dumps(document, ensure_ascii=False).encode()
    return func.HttpResponse(body, status_code=status, headers=headers, mimetype="application/json")


def _problem(error: PatchbayError) -> func.HttpResponse:
    document: dict[str, Any] = {
        "type": f"urn:patchbay:error:{error.code}",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.detail,
    }
    if error.mistakes:
        document["errors"] = [mistake.shown() for mistake in error.mistakes]
    headers = {"Retry-After": "1"} if error.retryable else None
    body = json.dumps(document, ensure_ascii=False).encode()
    return func.HttpResponse(body, status_code=error.status, headers=headers, mimetype="application/problem+json")
