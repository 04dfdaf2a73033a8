"""The demonstration, played with a thin month: it agrees for every seed, and notices what is lost."""

from pathlib import Path

import pytest
from rich.console import Console

from local.demo import play_month
from local.independent_count.count import count_sample
from local.sample.cast import CUSTOMERS
from local.sample.texts import TALKS
from local.sample.traffic import SampleMonth, sample_month


def played(month: SampleMonth, expected_of: SampleMonth, folder: Path) -> tuple[bool, str]:
    """Whether all figures came out as another month's, and what was printed."""
    with (folder / "output").open("w+", encoding="utf-8") as output:
        same = play_month(month, count_sample(expected_of), folder / "demo", Console(file=output, width=80))
        output.seek(0)
        return same, output.read()


@pytest.mark.parametrize("seed", [7, 2026])
def test_the_pipeline_agrees_with_the_count(seed: int, tmp_path: Path) -> None:
    # Given a thin month
    month = sample_month(seed, thin=1000)

    # When it is played, then all is as counted
    same, printed = played(month, month, tmp_path)
    assert same, printed

    # and it says so, explains a decision and what was parked, and leaves its files
    assert "All figures equal a count made straight from the posts." in printed
    assert "Rule 2, CreditCardRule, was applied" in printed
    assert "contoso: 3 event_id_conflict, such as: event" in printed
    files = {path.name for path in (tmp_path / "demo").iterdir()}
    assert files >= {"patchbay.db", "host.log", "usage-northwind-2026-10.csv", "usage-northwind-2026-10.html"}

    # and no name and nothing that was said stands in the host's log
    log = (tmp_path / "demo/host.log").read_text(encoding="utf-8")
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
    same, printed = played(lost, month, tmp_path)
    assert not same
    assert "Figures differ (≠) from a count made straight from the posts." in printed
    [october] = [line.split() for line in printed.splitlines() if line.split()[:2] == ["contoso", "2026-10"]]
    assert int(october[3]) == int(october[4]) - 1
    [lines] = [line for line in printed.splitlines() if line.startswith("lines")]
    found, expected = lines.removeprefix("lines").split("≠")
    assert int(found) == int(expected) - 1
