"""CloudEvents in binary mode: the same events as in structured mode, believed only where whoever sends is known."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.dialects.cloud_events.binary import event_in_headers, is_binary
from shared.dialects.received import Received
from shared.errors import InvalidEvent
from tests.access.test_signature import headers as signed
from tests.builders import message_document
from tests.functions.hosts import EVENTS, Host, hosted, paths, problem
from tests.functions.test_access import Directory, closed, closed_host, directory, refused, serving_directory
from tests.seeds import SIGNING_SECRET

__all__ = ["closed", "directory"]
APP = "/api/tenants/contoso/channels/contoso-app/app"
AT = "2026-10-20T11:00:00.1234567Z"


def in_binary_mode(document: dict[str, Any], **more: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of an event, as the HTTP binding writes it."""
    attributes = {f"ce-{name}": quote(str(value), safe="/:") for name, value in document.items() if name != "data"}
    return {"content-type": "application/json", **attributes, **more}, json.dumps(document["data"]).encode()


LINE = message_document(time=AT, subject="Übung 1%")


async def test_an_event_in_headers_is_the_event_in_the_body(host: Host) -> None:
    # given an event with more digits than a microsecond has, and a subject that no header could hold
    headers, body = in_binary_mode(LINE)
    # when it is posted in both modes, at `events` and at a webhook
    for path in (EVENTS, APP):
        binary = await host.client.post(path, content=body, headers=headers)
        structured = await host.client.post(path, content=json.dumps(LINE))
        assert (binary.status_code, binary.json()["accepted"]) == (202, ["m1"]), binary.text
        assert binary.json() == structured.json()
    # then the events are alike, to their text
    first, *others = [event.to_json().partition('"ingress')[0] for event in await host.published()]
    assert others == [first] * 3
    assert f'"time":"{AT}"' in first


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ce-id": None}, ["id"]),
        ({"ce-type": None}, ["type"]),
        ({"ce-time": "today"}, ["time"]),
        ({"ce-tenantid": "fabrikam"}, ["tenantid"]),
        ({"ce-subject": "%ff"}, ["subject"]),
        ({"ce-spec-version": "1.0"}, [""]),
        ({"content-type": "text/plain"}, ["datacontenttype"]),
        ({"content-type": "application/xml; charset=utf-8"}, ["datacontenttype"]),
    ],
)
async def test_what_is_wrong_is_named(host: Host, changed: dict[str, str | None], named: list[str]) -> None:
    headers, body = in_binary_mode(LINE)
    given = {name: value for name, value in {**headers, **changed}.items() if value is not None}
    assert paths(await host.client.post(EVENTS, content=body, headers=given)) == named


async def test_a_body_without_data_or_json_is_refused(host: Host) -> None:
    headers, _ = in_binary_mode(LINE)
    assert paths(await host.client.post(EVENTS, content=b"", headers=headers)) == ["data"]
    assert paths(await host.client.post(EVENTS, content=b"{", headers=headers)) == [""]


async def test_a_body_that_is_called_a_cloud_event_is_one_whatever_its_headers_say(host: Host) -> None:
    headers, _ = in_binary_mode({**LINE, "id": "another"}, **{"content-type": "application/cloudevents+json"})
    answer = await host.client.post(EVENTS, content=json.dumps(LINE), headers=headers)
    assert answer.json()["accepted"] == ["m1"]
    batch = {**headers, "content-type": "Application/CloudEvents-Batch+json; charset=UTF-8"}
    answer = await host.client.post(EVENTS, content=json.dumps([LINE, LINE]), headers=batch)
    assert answer.json()["accepted"] == ["m1", "m1"]


async def test_no_sender_says_that_a_time_was_assumed(host: Host) -> None:
    headers, body = in_binary_mode(LINE, **{"ce-timeassumed": "true"})
    await host.client.post(EVENTS, content=body, headers=headers)
    (event,) = await host.published()
    assert "timeassumed" not in event.attributes


async def test_a_signature_is_no_proof_of_headers(closed: tuple[Host, Directory]) -> None:
    # given data that contoso's bot has signed, and headers that anybody may have written
    host, _ = closed
    headers, body = in_binary_mode(LINE)
    right = signed(body=body)
    # when both come together, then the sender, who has proven itself, is told what to do, and nothing is published
    answer = await host.client.post(EVENTS, content=body, headers={**headers, **right})
    assert (answer.status_code, problem(answer)["code"]) == (400, "invalid_event")
    assert "structured mode" in answer.json()["detail"]
    # and a wrong signature is told nothing
    wrong = await host.client.post(EVENTS, content=body, headers={**headers, **right, "webhook-id": "msg_2"})
    assert problem(wrong)["code"] == "unauthorized"
    assert host.pipeline.bus.backlog().active == 0


async def test_a_channels_signature_is_no_proof_of_headers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given an app whose channel has its secret
    monkeypatch.setenv("PATCHBAY_SECRET_CONTOSO_APP", SIGNING_SECRET)
    async with hosted(tmp_path) as host:
        await host.configured("contoso")
        headers, body = in_binary_mode(LINE)
        answer = await host.client.post(APP, content=body, headers={**headers, **signed(body=body)})
        assert (answer.status_code, problem(answer)["code"]) == (400, "invalid_event")
        unsigned = await host.client.post(APP, content=body, headers=headers)
        assert problem(unsigned)["code"] == "unauthorized"


async def test_a_token_lets_headers_in(tmp_path: Path) -> None:
    # given a system with the role, whose token says who wrote the whole request
    headers, body = in_binary_mode(LINE)
    async with serving_directory() as served, closed_host(tmp_path, served) as (host, issuer):
        for role, expected in (("Events.Publish", None), ("Usage.Read", "forbidden")):
            bearer = {"Authorization": f"Bearer {issuer.access_token([role])}"}
            answer = await host.client.post(EVENTS, content=body, headers={**headers, **bearer})
            assert refused(answer) == expected
            assert (answer.status_code == 202) == (expected is None)


@given(
    attributes=st.dictionaries(st.from_regex(r"[a-z0-9]{1,20}", fullmatch=True), st.text(max_size=50)),
    names=st.dictionaries(st.text(max_size=20).map(str.lower), st.text(max_size=20)),
)
def test_any_headers_are_read_back_or_refused(attributes: dict[str, str], names: dict[str, str]) -> None:
    # given attributes as the HTTP binding writes them, then they are read back whole
    written = {f"ce-{name}": quote(value) for name, value in attributes.items()}
    read = event_in_headers(Received(b"{}", written))
    left_out = ("data", "datacontenttype", "timeassumed")
    assert {name: value for name, value in read.items() if name != "data"} == {
        name: value for name, value in attributes.items() if name not in left_out
    }
    # and whatever else stands in headers is read, or refused with a reason
    odd = Received(b"1", {f"ce-{name}": value for name, value in names.items()})
    assert is_binary(odd) == any(name in names for name in ("id", "source", "specversion", "type"))
    with suppress(InvalidEvent):
        assert event_in_headers(odd)["data"] == 1
