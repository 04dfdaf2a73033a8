"""Bodies that are nearly right JSON, with what parsers differ in: numbers, escapes, bytes, depths, doubled members."""

import re
from collections.abc import Sequence

from hypothesis import strategies as st

ODD = [
    b"NaN", b"Infinity", b"-Infinity", b"1e400", b"-1e400", b"1e-400", b"-0", b"-0.0", b"1e15", b"1E5", b"1.0", b"1e0",
    b"1.7976931348623157e308", b"1.7976931348623159e308", b"4.9406564584124654e-324", b"2.2250738585072011e-308",
    b"8.5e22", b"9007199254740993.0", b"0.1234567890123456789012345678901234567890", b"1" * 310 + b".5",
    b"18446744073709551615", b"18446744073709551616", b"-9223372036854775809", b"9" * 400, b"-" + b"9" * 400,
    b"9" * 401, b"9" * 5000, b"01", b"1.", b".5", b"+1", b"tru", b"true", b"null", b"//x", b"'x'",
    rb'"\ud800"', rb'"\ude00\ud83d"', rb'"\ud83d\ud83d\ude00"', rb'"\ud83d\ude00"', rb'"\u0000"', rb'"\x"', rb"\u12",
    b"\xed\xa0\x80", b"\xff", b"\xc0\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf", b"\x00", b"\x1f", b"\x7f",
    b"\xe2\x80\xa8", b"\xa0", b"\x0c", b" ", b"\n", b"[", b"]", b"{", b"}", b",", b":", b'"', b"\\",
    b"[" * 60 + b"]" * 60, b"[" * 62 + b"]" * 62, b"[" * 63 + b"]" * 63, b'{"a":' * 64 + b"1" + b"}" * 64,
    b"[" * 300 + b"]" * 300, b"[" * 5000, b'{"a":1,"b":2,"a":3}', b'{"a":1e400,"a":3}', b'"0x1e400 NaN"',
    b'"type":"message.posted",', b'"id":"again",', b'"id":7,', b'"data":{},', b'"extra":1e400,', b'"subject":null,',
    b'"data":{"thread_id":1e15},', b'"thread_id":1e15,', b'"bot_id":1,',
]  # fmt: skip
_VALUE = re.compile(rb":[^,}\]]*")


@st.composite
def odd_json(draw: st.DrawFn, right: Sequence[bytes]) -> bytes:
    """One of these bodies, in which up to three places are changed."""
    body = draw(st.sampled_from(right))
    for _ in range(draw(st.integers(1, 3))):
        at, odd = draw(st.integers(0, len(body))), draw(st.sampled_from(ODD))
        match draw(st.sampled_from(["inserted", "value", "value", "byte", "gone", "first member", "before"])):
            case "inserted":
                body = body[:at] + odd + body[at:]
            case "value":
                value = _VALUE.search(body, at)
                body = body[: value.start() + 1] + odd + body[value.end() :] if value else odd
            case "byte":
                body = body[:at] + bytes([draw(st.integers(0, 255))]) + body[at + 1 :]
            case "gone":
                body = body[:at] + body[at + draw(st.integers(1, 5)) :]
            case "before":
                body = odd + body
            case _:
                body = body[:1] + odd + body[1:]
    return body
