"""No header of an answer holds anything but printable ASCII, whatever came in."""

import base64
import hashlib
import re
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote

import azure.functions as func
import pytest
from azure.functions.http import HttpRequest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.http import Handler, guarded
from local.index import Function, index
from shared import bootstrap
from shared.usage.evidence import Export, ExportFormat
from shared.usage.monthly_usage import MonthlyUsage
from tests.builders import document
from tests.functions.hosts import EVENTS, Host, function_named, hosted
from tests.functions.odd_bodies import AT, RIGHT_ACTIVITIES, RIGHT_EVENTS, bodies
from tests.functions.test_query import routes

MANY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
ROUTES = [function for function in index() if function.kind == "httpTrigger"]
FILE = bytes(180_000)
"""Too large for an event, so it is downloaded."""
URL = "data:{};base64," + base64.b64encode(FILE).decode()
SHA256 = hashlib.sha256(FILE).hexdigest()
EXISTING = {
    "tenantId": ["contoso"],
    "accountId": ["contoso-chat", "contoso-app"],
    "channelId": ["webchat", "app"],
    "key": ["c1"],
    "sha256": [SHA256],
    "month": ["2026-10"],
    "format": ["csv", "ndjson", "xlsx", "focus", "html", "json"],
    "locale": ["de", "en-GB"],
    "audience": ["agent"],
    "counted": ["true"],
    "continuation": ["1"],
    "accept": ["text/html", "text/plain", "text/csv", "*/*"],
    "if-match": ['"1"', "*"],
    "traceparent": ["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"],
}
"""Values of parameters and headers with which a request succeeds."""
KINDS = st.sampled_from(["text/plain", "image/é", "x\r\ny"])
ADDRESS = {"tenantId": "contoso", "month": "2026-10"}
NOTHING: Mapping[str, str] = MappingProxyType({})
KNOWN = {re.sub("{.*?}", "{}", path): known for _, path, known in routes()}
"""The query parameters of each route."""
NAMES_OF_HEADERS = ["x-request-id", "traceparent", "tracestate", "accept", "accept-language", "if-match"]


def values(name: str) -> st.SearchStrategy[str]:
    return st.sampled_from(EXISTING[name]) | st.text() if name in EXISTING else st.text()


def some(names: Sequence[str]) -> st.SearchStrategy[dict[str, str]]:
    """Values for some of the names."""
    return st.fixed_dictionaries({}, optional={name: values(name) for name in names})


def request_for(function: str, address: Mapping[str, str] = NOTHING, **members: Any) -> HttpRequest:
    usual = {"method": "GET", "headers": {}, "params": {}, "body_type": "bytes", "body": b""}
    return HttpRequest(url=f"http://localhost/api/{function}", route_params=address, **{**usual, **members})


@st.composite
def requests(draw: st.DrawFn, function: Function) -> HttpRequest:
    """A request for the function's route, with any text wherever a caller writes one."""
    named = [part[1:-1] for part in function.trigger["route"].split("/") if part.startswith("{")]
    known = KNOWN[re.sub("{.*?}", "{}", function.trigger["route"])]
    unknown = draw(st.just({}) | st.dictionaries(st.text(), st.text(), max_size=2))
    return request_for(
        draw(st.text()),
        {name: draw(values(name)) for name in named},
        headers=draw(some(NAMES_OF_HEADERS)),
        params={**unknown, **draw(some(known))},
        body=draw(st.just(b"") | bodies([*RIGHT_EVENTS, *RIGHT_ACTIVITIES])),
    )


class InParts(MonthlyUsage):
    async def export(
        self, tenant_id: str, month: str, counted: bool | None, after: str | None, chosen: ExportFormat
    ) -> Export:
        return Export("", "next")


def assert_plain(answer: func.HttpResponse) -> None:
    for value in (answer.mimetype, *answer.headers.values()):
        assert all(" " <= character <= "~" for character in value), value


async def recorded(host: Host, conversation: str, **attachment: str) -> None:
    """A conversation with one attachment."""
    channel = {"channel": {"accountId": "contoso-app", "channelId": "app"}, "customer": {"id": "u"}}
    sent = {"author": {"role": "customer", "id": "u"}, "attachments": [attachment]}
    start = document("conversation.started", channel, conversation, "2026-10-20T10:59:00Z")
    receipt = await host.accepted(EVENTS, [start, document("message.posted", sent, conversation, AT)])
    assert receipt["rejected"] == []
    await host.drain()


@pytest.fixture
async def furnished(host: Host) -> Host:
    """A host that has what EXISTING names."""
    await recorded(host, "c1", name="Zoë", contentType="text/html", url=URL.format("é/é"))
    return host


async def check_no_request_brings_text_into_a_header(data: st.DataObject, routes: Sequence[Function] = ROUTES) -> None:
    function = data.draw(st.sampled_from(routes))
    answer = await function.run(data.draw(requests(function)))
    assert answer.status_code < 500
    assert_plain(answer)


async def check_a_header_that_cannot_be_sent_becomes_a_problem(
    header: str, kind: str, guard: Callable[[Handler, str], Handler] = guarded
) -> None:
    # Given a handler that answers whatever it is given
    async def health(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(headers={"Link": header}, mimetype=kind)

    # When it is asked
    answer = await guard(health, "health")(request_for("health"))
    # Then its answer arrives if it can be sent, else a problem
    assert_plain(answer)
    assert answer.status_code == (200 if all(" " <= character <= "~" for character in header + kind) else 500)


@given(data=st.data())
@settings(MANY, max_examples=300)
async def test_no_request_brings_text_into_a_header(furnished: Host, data: st.DataObject) -> None:
    await check_no_request_brings_text_into_a_header(data)


@given(data=st.data())
@settings(MANY)
async def test_no_refusal_brings_text_into_a_header(tmp_path: Path, data: st.DataObject) -> None:
    async with hosted(tmp_path, open_to_all=False):
        await check_no_request_brings_text_into_a_header(data)


@given(asked=st.fixed_dictionaries({}, optional=dict.fromkeys(["continuation", "code"], st.text(min_size=1))))
@settings(MANY)
async def test_a_link_to_the_next_part_repeats_every_parameter(host: Host, asked: dict[str, str]) -> None:
    # Given a month's evidence in more than one part
    bootstrap.provide(replace(host.pipeline, usage=InParts(**vars(host.pipeline.usage))), bootstrap.access())
    # When a part is asked for, with any parameters
    asked = {**asked, "format": "csv", "counted": "true"}
    answer = await function_named("list_sessions").run(request_for("list_sessions", ADDRESS, params=asked))
    # Then the next part's address has the same ones
    assert_plain(answer)
    address = answer.headers["Link"].removeprefix("<?").removesuffix('>; rel="next"')
    assert dict(parse_qsl(address, strict_parsing=True)) == {**asked, "continuation": "next"}


@given(header=st.text(), kind=KINDS)
@settings(MANY)
async def test_a_header_that_cannot_be_sent_becomes_a_problem(host: Host, header: str, kind: str) -> None:
    await check_a_header_that_cannot_be_sent_becomes_a_problem(header, kind)


@given(name=st.text(min_size=1), kind=st.text(max_size=40), claimed=st.text(min_size=1, max_size=40))
@settings(MANY, max_examples=30)
async def test_no_attachment_brings_text_into_a_header(host: Host, name: str, kind: str, claimed: str) -> None:
    # Given an attachment with any name, and any type in two places
    conversation = uuid.uuid4().hex
    await recorded(host, conversation, name=name, contentType=claimed, url=URL.format(kind.replace(",", "")))
    # When it is downloaded
    file = await host.client.get(f"/api/tenants/contoso/conversations/{conversation}/attachments/{SHA256}")
    # Then its name arrives, as far as it is not too long
    assert file.status_code == 200
    assert unquote(file.headers["content-disposition"].removeprefix("attachment; filename*=UTF-8''")) == name[:200]
