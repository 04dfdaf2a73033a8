"""A bare HTTP route that publishes its body as a task of Huey."""

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tests.bench.peers.huey_app import record


async def publish(request: Request) -> Response:
    record((await request.body()).decode())
    return Response(status_code=202)


app = Starlette(routes=[Route("/events", publish, methods=["POST"])])
