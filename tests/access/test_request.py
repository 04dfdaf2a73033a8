"""A request's id, and how large its body may be."""

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.access.request import MAX_BODY_BYTES, Request, name_requests_in_logs, refuse_body, request_id, request_id_of
from shared.errors import BodyEncoded, BodyTooLarge, LengthRequired

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def test_a_callers_own_id_comes_first_and_then_its_trace() -> None:
    assert request_id_of({"x-request-id": "Order-7_a.b", "traceparent": TRACE}) == "Order-7_a.b"
    assert request_id_of({"traceparent": TRACE}) == "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize("own", ["", "a b", "a\nb", "x" * 65, "<script>", "é", "-a", "../a", "a:b"])
def test_an_id_that_is_not_plain_is_replaced(own: str) -> None:
    made = request_id_of({"x-request-id": own})
    assert made != own
    assert made != request_id_of({"x-request-id": own})


@pytest.mark.parametrize("trace", ["", "x", TRACE[:-1], TRACE.upper(), f"00-{'0' * 32}-00f067aa0ba902b7-01"])
def test_a_trace_that_is_none_is_not_taken(trace: str) -> None:
    assert request_id_of({"traceparent": trace}) not in trace.upper()


@given(st.dictionaries(st.sampled_from(["x-request-id", "traceparent"]), st.text()))
def test_an_id_is_always_safe_to_log_and_to_answer(headers: dict[str, str]) -> None:
    made = request_id_of(headers)
    assert 1 <= len(made) <= 64
    assert made.isascii()
    assert made.replace("-", "").replace("_", "").replace(".", "").isalnum()


def test_a_body_of_one_megabyte_is_the_largest() -> None:
    refuse_body(Request({}, {}, b"x" * MAX_BODY_BYTES))
    with pytest.raises(BodyTooLarge) as refused:
        refuse_body(Request({}, {}, b"x" * (MAX_BODY_BYTES + 1)))
    assert "1048577 bytes" in refused.value.detail


def test_what_is_logged_during_a_request_carries_its_id(caplog: pytest.LogCaptureFixture) -> None:
    # given logs that name requests, however often they are told to
    name_requests_in_logs()
    name_requests_in_logs()
    # when something is logged during a request, and after it
    named = request_id.set("r-1")
    logging.getLogger("somewhere").warning("during")
    request_id.reset(named)
    logging.getLogger("somewhere").warning("after")
    # then the lines say which
    assert [vars(record)["request_id"] for record in caplog.records] == ["r-1", "-"]


def test_a_chunked_body_that_did_not_arrive_is_asked_for_with_its_length() -> None:
    # given what a host sends that hands on no chunked body, and what one sends that does
    chunked = {"transfer-encoding": "Chunked"}
    refuse_body(Request(chunked, {}, b"{}"))
    with pytest.raises(LengthRequired):
        refuse_body(Request(chunked, {}, b""))
    # and no body at all is none
    refuse_body(Request({}, {}, b""))


@pytest.mark.parametrize("encoding", ["gzip", "Deflate", "br, gzip"])
def test_a_compressed_body_is_asked_for_as_it_is(encoding: str) -> None:
    with pytest.raises(BodyEncoded, match="Content-Encoding"):
        refuse_body(Request({"content-encoding": encoding}, {}, b"\x1f\x8b"))
    # and where there is no body, or it is not compressed, nothing is asked for
    refuse_body(Request({"content-encoding": encoding}, {}, b""))
    refuse_body(Request({"content-encoding": "identity"}, {}, b"{}"))
