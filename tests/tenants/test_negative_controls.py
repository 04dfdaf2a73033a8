"""With a faulty history handed in, the test of the invariant fails."""

from datetime import UTC, date, datetime

import pytest

from shared.tenants.history import History
from tests.tenants import test_history


class InUtc(History):
    """A history whose dates are those of UTC, whatever the tenant's time zone is."""

    def local_date(self, moment: datetime) -> date:
        return moment.astimezone(UTC).date()


def test_months_are_cut_in_utc_for_everybody() -> None:
    with pytest.raises(AssertionError, match=r"2026, 7, 31\) == datetime.date\(2026, 8, 1\)"):
        test_history.test_the_day_is_the_one_on_the_tenants_calendar(
            "Europe/Berlin", "2026-07-31T22:00:00Z", "2026-08-01", InUtc
        )
