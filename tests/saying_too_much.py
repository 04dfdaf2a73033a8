"""Tests that pass although a line says too much, which the scan of all logs must notice.

`tests/test_log_scan.py` runs them, each in a process of its own; nobody else collects them.
"""

import logging
from dataclasses import replace
from pathlib import Path

from shared import bootstrap
from shared.access.access import Access
from shared.access.request import Request
from shared.ingress.deliver import Deliveries
from shared.pipeline import Pipeline
from shared.settings import AccessSettings
from tests.builders import message, started
from tests.conversations.pipelines import InMemory
from tests.functions.test_access import closed_host, serving_directory
from tests.functions.test_access import test_a_token_that_expired_says_so as a_token_that_expired_says_so


class LogsBodies(Deliveries):
    """Logs each body that is delivered."""

    async def deliver(self, body: bytes) -> None:
        logging.getLogger("shared.ingress.deliver").warning("parked an event: %s", body)
        await super().deliver(body)


class PrintsBodies(Deliveries):
    """Prints each body that is delivered."""

    async def deliver(self, body: bytes) -> None:
        print(body)  # noqa: T201  # what nobody should do
        await super().deliver(body)


class LogsHeaders(Access):
    """Logs the headers of each request."""

    async def authorize(self, function: str, request: Request) -> None:
        logging.getLogger("functions.http").info("%s", request.headers)
        await super().authorize(function, request)


async def delivered(body: bytes, faulty: type[Deliveries]) -> None:
    def rewired(pipeline: Pipeline) -> Pipeline:
        return replace(pipeline, deliveries=faulty(**vars(pipeline.deliveries)))

    pipeline = await InMemory(rewired=rewired).configured()
    await pipeline.deliveries.deliver(body)
    assert (await pipeline.conversations.load("contoso", "c1")).facts


async def test_a_body_is_logged() -> None:
    await delivered(message().to_json().encode(), LogsBodies)


async def test_a_body_is_printed() -> None:
    await delivered(started().to_json().encode(), PrintsBodies)


async def test_a_token_is_logged(tmp_path: Path) -> None:
    def access_to(own: Pipeline, settings: AccessSettings) -> Access:
        return LogsHeaders(**vars(bootstrap.access_to(own, settings)))

    async with serving_directory() as directory, closed_host(tmp_path, directory, access_to) as closed:
        await a_token_that_expired_says_so(closed)
