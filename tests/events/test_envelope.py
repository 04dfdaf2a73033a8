"""The envelope: times mean one moment and keep their own text."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.events.envelope import epoch_time, format_time, parse_time
from tests.builders import message


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("2026-10-05T10:00:00Z", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05t10:00:00z", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T10:00:00+00:00", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T10:00:00-00:00", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T12:00:00+02:00", "2026-10-05T10:00:00+00:00"),
        ("2026-10-04T20:30:00-13:30", "2026-10-05T10:00:00+00:00"),
        ("2026-10-05T10:00:00.5Z", "2026-10-05T10:00:00.500000+00:00"),
        ("2026-10-05T10:00:00.123456Z", "2026-10-05T10:00:00.123456+00:00"),
        ("2026-10-05T10:00:00.1234567Z", "2026-10-05T10:00:00.123456+00:00"),
        ("2026-10-05T10:00:00.999999999Z", "2026-10-05T10:00:00.999999+00:00"),
        ("0001-01-01T00:00:00Z", "0001-01-01T00:00:00+00:00"),
        ("2024-02-29T23:59:59+23:59", "2024-02-29T00:00:59+00:00"),
    ],
)
def test_a_time_with_an_offset_means_one_moment_in_utc(text: str, meaning: str) -> None:
    # given a time as senders write it
    # when it is read, then it is in UTC, cut off (never rounded) at the microsecond
    moment = parse_time(text)
    assert moment.isoformat() == meaning
    assert moment.tzinfo is UTC


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-10-05T10:00:00", "is not an RFC 3339 time with an offset"),
        ("2026-10-05", "is not an RFC 3339 time with an offset"),
        ("2026-10-05 10:00:00Z", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T10:00Z", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T10:00:00,5Z", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T10:00:00.Z", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T10:00:00+0200", "is not an RFC 3339 time with an offset"),
        ("2026-W41-1T10:00:00Z", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T10:00:00Z\n", "is not an RFC 3339 time with an offset"),
        ("1791194400", "is not an RFC 3339 time with an offset"),
        ("", "is not an RFC 3339 time with an offset"),
        ("2026-10-05T24:00:00Z", "is not an RFC 3339 time"),
        ("2026-12-31T23:59:60Z", "is not a time that exists: "),
        ("2026-02-30T10:00:00Z", "is not a time that exists: "),
        ("2026-10-05T10:00:00+24:00", "is not "),
        ("2026-10-05T10:00:00+00:99", "is not "),
        ("0000-01-01T00:00:00Z", "is not a time that exists: "),
        ("0001-01-01T00:00:00+00:01", "is not a time that exists: "),
        ("9999-12-31T23:59:59-00:01", "is not a time that exists: "),
        ("٢٠٢٦-10-05T10:00:00Z", "is not "),
    ],
)
def test_what_is_no_time_is_refused_with_the_reason(text: str, reason: str) -> None:
    # given a text without an offset, in another notation, or of a moment that no clock shows
    # when it is read, then the reason says so
    with pytest.raises(ValueError, match=f"^{reason}"):
        parse_time(text)


@given(st.text(max_size=40) | st.from_regex(r"\A\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)\Z"))
def test_any_text_is_a_time_or_a_value_error(text: str) -> None:
    # given anything, when it is read, then it is a moment in UTC, or a ValueError
    try:
        moment = parse_time(text)
    except ValueError:
        return
    assert moment.utcoffset() == timedelta(0)


OFFSETS = st.integers(-23 * 60, 23 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))
MOMENTS = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=OFFSETS)  # noqa: DTZ001  # hypothesis asks for naive bounds


@given(MOMENTS)
def test_what_patchbay_writes_it_reads_as_the_same_moment(moment: datetime) -> None:
    # given a moment in any offset, when it is written and read, then nothing is lost
    text = format_time(moment)
    assert text.endswith("Z")
    assert parse_time(text) == moment


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "1970-01-01T00:00:00Z"), (1791194400, "2026-10-05T10:00:00Z"), (1791194400.25, "2026-10-05T10:00:00.250000Z")],
)
def test_seconds_since_1970_are_a_time(seconds: float, text: str) -> None:
    # given the time of a channel that counts seconds, then it is written as every time is
    assert epoch_time(seconds) == text


@given(st.integers() | st.floats())
def test_any_number_of_seconds_is_a_time_or_a_value_error(seconds: float) -> None:
    # given any number, when it is written, then it can be read again, or there is a ValueError
    try:
        text = epoch_time(seconds)
    except ValueError:
        return
    assert format_time(parse_time(text)) == text


@pytest.mark.parametrize(
    ("time", "digits"),
    [
        ("2026-10-05T10:00:00Z", ""),
        ("2026-10-05T10:00:00.123Z", ""),
        ("2026-10-05T10:00:00.1234560Z", ""),
        ("2026-10-05T10:00:00.1234567Z", "7"),
        ("2026-10-05T10:00:00.123456070+02:00", "07"),
    ],
)
def test_digits_finer_than_a_microsecond_are_kept_for_the_order(time: str, digits: str) -> None:
    # given a line at this time
    line = message(at=time)
    # then the time's own text is kept, and what the moment cannot hold is at hand
    assert line.time == time
    assert line.finer_digits == digits
