"""docs/performance.md is what the figures that are kept say, and says what was not measured."""

from tests.bench import figures, page, throughput
from tests.bench.figures import Performance, Throughput, ThroughputPart, measured


def row(system: str, load: str, *rates: float) -> Throughput:
    """A row in which all but the rates is the same."""
    sizes = tuple(2**20 for _ in rates)
    return Throughput(system=system, load=load, events=4, rates=rates, cpu=rates, resident=sizes, proportional=sizes)


def test_the_page_and_its_charts_are_those_of_the_figures_that_are_kept() -> None:
    # when they are written from the figures, then they are the files of the project
    written = page.files(figures.load(), page.kept_counts())
    assert {file: file.read_text(encoding="utf-8") for file in written} == written, "run python -m tests.bench.page"


def test_what_was_not_measured_or_is_not_installed_is_said() -> None:
    # given figures of one part, in which one system was not installed
    rows = (row(throughput.PATCHBAY, throughput.BACKLOG, 100.0), row(throughput.HUEY, throughput.BACKLOG))
    part = ThroughputPart(measured=measured("a command"), rows=rows)
    # when the page is written, then it says so
    text = page.files(Performance(throughput=part), {})[page.PAGE]
    assert "| Huey | backlog | not installed |" in text
    assert text.count("Not measured yet.") == 3


def test_a_ratio_is_that_of_the_rounds_and_only_under_the_same_traffic() -> None:
    # given rounds of which the second was on a slower machine
    huey = row(throughput.HUEY, throughput.BACKLOG, 100.0, 50.0, 100.0)
    behind_route = row(throughput.HUEY_HTTP, throughput.SINGLY, 50.0, 25.0, 50.0)
    ours = [
        row(throughput.PATCHBAY, load, 200.0, 100.0, 200.0)
        for load in (throughput.BACKLOG, throughput.SINGLY, throughput.LONG)
    ]
    # when ratios are taken, then each is that within its round, to the peer with the same way in
    assert [page.ratio(each, [huey, behind_route, *ours]) for each in ours] == [2.0, 4.0, None]
