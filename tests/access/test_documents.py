"""Documents on the web: the port's contract on real HTTP and on the fake, and what real HTTP does not read."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from shared.access.issuer import DocumentUnavailable, WebDocuments
from shared.web.documents import HttpDocuments
from tests.fakes import MemoryDocuments


@pytest.fixture
async def base() -> AsyncIterator[str]:
    """A server with a document, a large one, one that stands elsewhere, and one that is forbidden."""

    async def answer(request: web.Request) -> web.Response:
        match request.path:
            case "/document":
                return web.Response(body=b'{"a": 1}')
            case "/large":
                return web.Response(body=b"x" * (1024 * 1024 + 1))
            case "/elsewhere":
                return web.Response(status=302, headers={"Location": "/document"})
            case _:
                return web.Response(status=403)

    app = web.Application()
    app.router.add_get("/{path:.*}", answer)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


@pytest.mark.parametrize("kind", ["http", "memory"])
async def test_a_document_is_read_and_one_that_is_not_there_is_unavailable(base: str, kind: str) -> None:
    documents: WebDocuments = HttpDocuments() if kind == "http" else MemoryDocuments({f"{base}/document": b'{"a": 1}'})
    assert await documents.read(f"{base}/document") == b'{"a": 1}'
    with pytest.raises(DocumentUnavailable):
        await documents.read(f"{base}/none")


@pytest.mark.parametrize("path", ["/large", "/elsewhere"])
async def test_what_is_too_large_or_stands_elsewhere_is_not_read(base: str, path: str) -> None:
    with pytest.raises(DocumentUnavailable):
        await HttpDocuments().read(f"{base}{path}")


@pytest.mark.parametrize(
    "address",
    ["http://login.example/keys", "file:///etc/passwd", "ftp://127.0.0.1/", "", "https://[", "http://127.0.0.1:1/"],
)
async def test_only_https_and_this_machine_are_asked(address: str) -> None:
    with pytest.raises(DocumentUnavailable):
        await HttpDocuments().read(address)
