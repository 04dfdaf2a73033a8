"""How usage is answered over HTTP: in the format, and for the reader, that a request asks for."""

from collections.abc import Mapping

import azure.functions as func

from shared.usage.render.formats import Format, T, format_named
from shared.usage.render.writing import Reader, reader_of

_HEADERS = {
    # Shared caches must not keep what one tenant's people may read.
    "Cache-Control": "private, no-cache",
    "Vary": "Accept, Accept-Language",
    "X-Content-Type-Options": "nosniff",
}


def asked_for(req: func.HttpRequest, formats: Mapping[str, Format[T]]) -> tuple[Format[T], Reader]:
    """The format and the reader of a request. Raises NotAcceptable, and InvalidRequest for an odd locale."""
    chosen = format_named(formats, req.params.get("format"), req.headers.get("Accept", ""))
    return chosen, reader_of(req.params.get("locale"), req.headers.get("Accept-Language", ""))


def rendered(document: T, chosen: Format[T], reader: Reader, file_name: str | None = None) -> func.HttpResponse:
    """The document in the format; where it has a name, as a file."""
    saved = {"Content-Disposition": f'attachment; filename="{file_name}"'} if file_name else {}
    headers = {**_HEADERS, **chosen.headers(), **saved}
    return func.HttpResponse(chosen.renderer(document, reader), headers=headers, mimetype=chosen.media_type)
