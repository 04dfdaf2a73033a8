"""The sample month on the adapters for Azure: the same figures, and the same usage reports, as on one machine."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from local.independent_count.count import count_sample
from local.sample.traffic import sample_month
from tests.azure.databases import ENDPOINT, KEY
from tests.azure.endpoints import endpoint
from tests.azure.months import Comparison, cloud_host
from tests.local.played import ThinMonths, played


@pytest.fixture(autouse=True)
def endpoints() -> None:
    for variable in (ENDPOINT, KEY, "TEST_SERVICE_BUS", "TEST_BLOB"):
        endpoint(variable)


@pytest.mark.slow
def test_a_month_is_billed_as_on_one_machine(thin_months: ThinMonths, tmp_path: Path) -> None:
    # Given a thin month with every kind of conversation, oddity and correction
    month = sample_month(7, thin=1000)
    expected = count_sample(month)

    # When it is played on one machine, and at the same time by the same functions on Azure's services
    with ThreadPoolExecutor(1) as player:
        azure = player.submit(played, month, expected, tmp_path / "azure", cloud_host)
        both = Comparison(thin_months(7), azure.result())

    # Then every figure is as counted
    assert both.embedded.as_counted, both.embedded.printed
    assert both.azure.as_counted, both.azure.printed
    # and each tenant month's report is the same bytes, as JSON, as CSV and as a page
    assert set(both.azure.reports) == {
        f"usage-{tenant}-{name}.{format_}" for tenant, name in expected.usage for format_ in ("json", "csv", "html")
    }
    assert both.differing == []
