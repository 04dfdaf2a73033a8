"""Answers usage over HTTP in the requested format, in the reader's locale."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import azure.functions as func

from shared import bootstrap
from shared.usage.render.formats import Format, T, format_named
from shared.usage.render.page import page_headers, render_problem
from shared.usage.render.preference import preferred
from shared.usage.render.writing import Reader, reader_of

_NEGOTIATED = {"Vary": "Accept, Accept-Language"}


def requested_format(req: func.HttpRequest, formats: Mapping[str, Format[T]]) -> tuple[Format[T], Reader]:
    """The format and the reader that a request asks for. Raises NotAcceptable, InvalidRequest for a wrong locale."""
    chosen = format_named(formats, req.params.get("format"), req.headers.get("Accept", ""))
    return chosen, reader_of(req.params.get("locale"), req.headers.get("Accept-Language", ""))


def rendered(document: T, chosen: Format[T], reader: Reader, file_name: str | None = None) -> func.HttpResponse:
    """The answer with the document in the chosen format; with a file name, as a download."""
    disposition = {"Content-Disposition": f'attachment; filename="{file_name}"'} if file_name else {}
    headers = {**_NEGOTIATED, **chosen.headers(), **disposition}
    return func.HttpResponse(chosen.renderer(document, reader), headers=headers, mimetype=chosen.media_type)


def problem_page(req: func.HttpRequest, problem: Mapping[str, Any]) -> tuple[str, Mapping[str, str]] | None:
    """The problem as a page for a browser, with a link to the sign-in if there is one; None for a program."""
    if req.params.get("format") == "json" or preferred(req.headers.get("Accept", ""))[:1] != ["text/html"]:
        return None
    sign_in = _sign_in(req) if problem["code"] == "unauthorized" else None
    return render_problem(problem, sign_in), {**_NEGOTIATED, **page_headers()}


def _sign_in(req: func.HttpRequest) -> str | None:
    """The address of App Service authentication's sign-in, which leads back to the page; None without it."""
    if not bootstrap.access().callers.app_service:
        return None
    address = urlsplit(req.url)
    back = f"{address.path}?{address.query}" if address.query else address.path
    return f"/.auth/login/aad?post_login_redirect_uri={quote(back)}"
