"""The demonstration, played with a thin month: it agrees for every seed, and notices what is lost."""

from pathlib import Path

import pytest

from local.independent_count.count import count_sample
from local.sample.cast import CUSTOMERS
from local.sample.texts import TALKS
from local.sample.traffic import SampleMonth, sample_month
from tests.local.played import ThinMonths, played

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [7, 2026])
def test_the_pipeline_agrees_with_the_count(seed: int, thin_months: ThinMonths) -> None:
    # When a thin month is played, then all is as counted
    run = thin_months(seed)
    assert run.as_counted, run.printed

    # and it says so, explains a decision and what was parked, and leaves its files
    assert "All figures equal a count made straight from the posts." in run.printed
    assert "Rule 2, CreditCardRule, was applied" in run.printed
    assert "contoso: 3 event_id_conflict, such as: event" in run.printed
    files = {path.name for path in run.folder.iterdir()}
    assert files >= {"patchbay.db", "host.log", "usage-northwind-2026-10.csv", "usage-northwind-2026-10.html"}

    # and no name and nothing that was said stands in the host's log
    log = (run.folder / "host.log").read_text(encoding="utf-8")
    said = [words for talks in TALKS.values() for _, *both in talks for words in both]
    assert "parked an event" in log
    assert [words for words in (*CUSTOMERS, *said) if words in log] == []


def test_a_lost_correction_is_noticed(tmp_path: Path) -> None:
    # Given contoso's part of a thin month, and the same without an escalation that comes late
    every = [post for post in sample_month(7, thin=1000).posts if post.tenant == "contoso"]
    month = SampleMonth(tuple(every))
    late = next(post for post in every if post.at > month.reading and b"bot.escalated" in post.body)
    lost = SampleMonth(tuple(post for post in every if post.body != late.body))

    # When it is played, then the figures differ, and the tables show where: a session and a line less
    run = played(lost, count_sample(month), tmp_path / "demo")
    assert not run.as_counted
    assert "Figures differ (≠) from a count made straight from the posts." in run.printed
    [october] = [line.split() for line in run.printed.splitlines() if line.split()[:2] == ["contoso", "2026-10"]]
    assert int(october[3]) == int(october[4]) - 1
    [lines] = [line for line in run.printed.splitlines() if line.startswith("lines")]
    found, expected = lines.removeprefix("lines").split("≠")
    assert int(found) == int(expected) - 1
