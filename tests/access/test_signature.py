"""Standard Webhooks signatures: every byte counts, and time does."""

import base64
from datetime import timedelta

import pytest
from standardwebhooks import Webhook

from shared.dialects.signatures import secret_fault, verify_signature
from shared.errors import AuthenticationUnavailable, Unauthorized
from shared.events.envelope import parse_time
from tests.seeds import SIGNING_SECRET

NOW = parse_time("2026-10-20T12:00:00Z")
OLD_SECRET = base64.b64encode(b"the secret that it had before").decode()
BODY = '{"type": "message.posted", "data": {"text": "Grüße 👋"}}'.encode()


def headers(
    secret: str = SIGNING_SECRET, message_id: str = "msg_1", body: bytes = BODY, age: int = 0
) -> dict[str, str]:
    """What a sender's library makes of a body, so many seconds ago."""
    moment = NOW - timedelta(seconds=age)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(secret).sign(message_id, moment, body.decode()),
    }


def refusal(given: dict[str, str], body: bytes = BODY, secrets: tuple[str, ...] = (SIGNING_SECRET,)) -> str | None:
    try:
        verify_signature(given, body, secrets, NOW)
    except Unauthorized as refused:
        return refused.fault
    return None


def test_what_a_sender_signed_is_let_in() -> None:
    # given what the library of Standard Webhooks signs, whatever the body is
    assert refusal(headers()) is None
    assert refusal(headers(body=b""), b"") is None
    assert refusal(headers(body=b"\xef\xbb\xbf{}"), b"\xef\xbb\xbf{}") is None


def test_while_a_secret_is_replaced_both_hold_on_either_side() -> None:
    # given a sender, or us, with an old and a new secret
    both = headers() | {"webhook-signature": f"v1a,xyz {headers(OLD_SECRET)['webhook-signature']} v1,x"}
    # then one that both know is enough
    assert refusal(headers(OLD_SECRET), secrets=(SIGNING_SECRET, OLD_SECRET)) is None
    assert refusal(headers(), secrets=(SIGNING_SECRET, OLD_SECRET)) is None
    assert refusal(both, secrets=(OLD_SECRET,)) is None
    assert refusal(both) == "signature_wrong"


@pytest.mark.parametrize("bit", range(8))
def test_no_byte_of_a_signed_request_can_be_flipped(bit: int) -> None:
    # given a signed request
    right = headers()
    # when any one bit of its body or of a header is another one
    bodies = [BODY[:n] + bytes([BODY[n] ^ 1 << bit]) + BODY[n + 1 :] for n in range(len(BODY))]
    changed = [
        right | {name: text[:n] + chr(ord(text[n]) ^ 1 << bit) + text[n + 1 :]}
        for name, text in right.items()
        for n in range(len(text))
    ]
    # then it is refused
    assert {refusal(right, body) for body in bodies} == {"signature_wrong"}
    assert None not in {refusal(given) for given in changed}


@pytest.mark.parametrize(
    ("age", "expected"),
    [
        (0, None), (299, None), (300, None), (301, "timestamp_outside_tolerance"),
        (-300, None), (-301, "timestamp_outside_tolerance"), (86400, "timestamp_outside_tolerance"),
    ],
)  # fmt: skip
def test_a_replay_is_refused_after_five_minutes(age: int, expected: str | None) -> None:
    assert refusal(headers(age=age)) == expected


KEY = SIGNING_SECRET.removeprefix("whsec_")


@pytest.mark.parametrize(
    "spelt",
    [
        f"v1,whsec_{KEY}",
        f"v1, whsec_{KEY}",
        f" whsec_{KEY}\n",
        KEY,
        KEY.rstrip("="),
        f"whsec_{KEY[:8]}\n{KEY[8:]}",
        f"{KEY}==",
    ],
)
def test_a_secret_is_the_same_key_however_it_is_spelt(spelt: str) -> None:
    # given a sender who signs with a secret, and the same secret as it is copied from consoles and files
    # then what it signed is let in
    assert refusal(headers(), secrets=(spelt,)) is None


@pytest.mark.parametrize("wrong", ["whsec_ab-cd_ef", "v1,abcd", "whpk_abcd!", '"whsec_YWJj"', "whsec_", "abcde", "é"])
def test_a_secret_of_which_libraries_make_different_keys_is_refused_with_a_reason(wrong: str) -> None:
    # given a secret that is no base64, then it is said, without the secret
    fault = secret_fault(wrong)
    assert fault is not None
    assert fault.startswith(("is no base64", "is empty"))
    assert wrong.removeprefix("whsec_")[:4] not in fault or wrong == "whsec_"
    assert secret_fault(SIGNING_SECRET) is None


@pytest.mark.parametrize(("length", "usable"), [(1, False), (23, False), (24, True), (64, True)])
def test_a_secret_has_as_many_bytes_as_standard_webhooks_asks_for(length: int, usable: bool) -> None:  # a parameter
    # given a secret of some length, then it is usable from 24 bytes on
    secret = base64.b64encode(b"x" * length).decode()
    why = f"has {length} bytes, and a secret of Standard Webhooks has 24 or more"
    assert secret_fault(secret) == (None if usable else why)


def test_a_time_in_milliseconds_is_named_as_such() -> None:
    # given a sender who signs with the time in milliseconds, or in any other form than seconds
    for given in (str(int(NOW.timestamp() * 1000)), "1792497600.0", NOW.isoformat()):
        assert refusal(headers() | {"webhook-timestamp": given}) == "timestamp_malformed"


@pytest.mark.parametrize(
    "seconds", ["now", "1e9", "-1", "01792497600", "1792497600.0", "\u0660", " 1", "9" * 400, "1" * 11]
)
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    assert refusal(headers() | {"webhook-timestamp": seconds}) in ("timestamp_malformed", "timestamp_outside_tolerance")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_what_is_not_signed_is_refused(name: str) -> None:
    assert refusal({key: value for key, value in headers().items() if key != name}) == "credentials_missing"
    assert refusal(headers() | {name: ""}) == "credentials_missing"


@pytest.mark.parametrize("signature", ["v1", "v1,", ",", " ", "v1,\xff", "v1,====", "v2," + "x" * 44, "\udcff"])
def test_a_signature_that_is_none_is_refused(signature: str) -> None:
    assert refusal(headers() | {"webhook-signature": signature}) == "signature_wrong"


def test_another_secret_another_id_and_another_body_are_refused() -> None:
    assert refusal(headers(OLD_SECRET)) == "signature_wrong"
    assert refusal(headers() | {"webhook-id": "msg_2"}) == "signature_wrong"
    assert refusal(headers() | {"webhook-id": "é"}) == "signature_wrong"
    assert refusal(headers(), BODY + b" ") == "signature_wrong"
    assert refusal(headers(), b"\xff") == "signature_wrong"


def test_a_secret_that_is_no_base64_cannot_be_used() -> None:
    # given a secret that nobody can have signed with
    # when it is the only one, then it is ours to mend; beside a right one it does no harm
    for wrong in ("whsec_", "!", "é", "abcde"):
        with pytest.raises(AuthenticationUnavailable):
            verify_signature(headers(), BODY, [wrong], NOW)
        assert refusal(headers(), secrets=(wrong, SIGNING_SECRET)) is None
