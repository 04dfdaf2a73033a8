"""The demonstration, played with a thin month: it agrees for every seed, and notices what is lost."""

import json
import shlex
import sys
from contextlib import closing
from io import StringIO
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from rich.console import Console

from local.demo import emptied, show_the_end, to_see
from local.independent_count.count import count_sample
from local.sample.cast import CUSTOMERS
from local.sample.texts import TALKS
from local.sample.traffic import SampleMonth, sample_month
from shared.embedded.holding import Hold
from tests.local.played import ThinMonths, played
from tests.local.test_host import served_by, started

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("seed", [7, 2026])
def test_the_pipeline_agrees_with_the_count(seed: int, thin_months: ThinMonths) -> None:
    # When a thin month is played, then all is as counted
    run = thin_months(seed)
    assert run.as_counted, run.printed

    # and its tables have the tenants only, and say what their words mean
    [heads] = [line.split() for line in run.printed.splitlines() if line.split()[:2] == ["contoso", "fabrikam"]]
    assert heads == ["contoso", "fabrikam", "northwind"]
    assert "litware, which is no tenant: refused, unknown_tenant: " in run.printed
    words = " ".join(run.printed.split())
    for word in ("1 Nov", "no bot, assist", "entitled, overage", "parked", "refused", "hash of all lines"):
        assert f"{word}: " in words
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

    # When it is played, then the figures differ, and the tables show where: a line less
    run = played(lost, count_sample(month), tmp_path / "demo")
    assert not run.as_counted
    assert "Figures differ (≠) from a count made straight from the posts." in run.printed
    [lines] = [line for line in run.printed.splitlines() if line.startswith("lines")]
    found, expected = lines.removeprefix("lines in transcripts").split("≠")
    assert int(found) == int(expected) - 1


def test_the_command_and_the_address_in_its_end_show_the_month(thin_months: ThinMonths) -> None:
    # Given a month that was played
    run, month = thin_months(7), sample_month(7, thin=1000)
    # When the command is run that the demonstration ends with
    printed = StringIO()
    show_the_end(run.folder, month, Console(file=printed, width=40))
    *_, command, _, address, corrected = (line.strip() for line in printed.getvalue().splitlines())
    assert (command, [address, corrected]) == to_see(run.folder, month)
    python, *words = shlex.split(command)
    assert python == ".venv/bin/python"
    with served_by(started([sys.executable, *words, "--quiet", "--port", "0"])) as host:
        # Then the address shows the figures that it printed, and they stay, whatever the machine's clock says
        assert address.startswith("http://127.0.0.1:7071/")
        path = urlsplit(address).path
        page = host.client.get(path, headers={"Accept": "text/html"}).raise_for_status()
        assert page.headers["content-type"].startswith("text/html")
        shown = host.client.get(path).raise_for_status().json()
        # and no month is from after its clock, nor closed before it ended
        months = host.client.get("/api/tenants/contoso/usage").raise_for_status().json()["months"]
        now = host.client.get("/api/health").raise_for_status().json()["time"]
        late = host.client.get(urlsplit(corrected).path).raise_for_status().json()
    assert max(one["asOf"] for one in months) <= now.replace("+00:00", "Z")
    assert (late["month"], late["status"], [one["month"] for one in late["due"]]) == ("2027-01", "open", ["2026-12"])
    kept = json.loads(run.reports["usage-contoso-2026-10.json"])
    assert {name: shown[name] for name in ("counted", "invoiced")} == {
        name: kept[name] for name in ("counted", "invoiced")
    }


def test_only_an_earlier_demonstration_is_removed(tmp_path: Path) -> None:
    # Given a folder that an earlier one left, one that has anything else, too, a file, a link to the first
    for name in ("earlier", "more"):
        (marked,) = emptied(tmp_path / name).iterdir()
        for file in ("patchbay.db", "host.log", "usage-contoso-2026-10.csv"):
            (tmp_path / name / file).touch()
    (tmp_path / "more" / "thesis.txt").touch()
    (tmp_path / "file").touch()
    (tmp_path / "link").symlink_to(tmp_path / "earlier")
    # and somebody's own folders, whose files have the names of a demonstration's
    for name in ("live", "logged", "marked"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "patchbay.db").touch()
    for file in ("host.log", "usage-notes.txt", "patchbay.db-of-2025"):
        (tmp_path / "logged" / file).touch()
    (tmp_path / "marked" / marked.name).write_text("what I have to show")
    before = {path for path in tmp_path.rglob("*") if path.parent.name != "earlier"}
    # When another one is to be played there, then only the first is emptied
    for name in ("more", "file", "link", "live", "logged", "marked"):
        with pytest.raises(FileExistsError, match=r"--folder|exists"):
            emptied(tmp_path / name)
    assert [path.name for path in emptied(tmp_path / "earlier").iterdir()] == [marked.name]
    assert {path for path in tmp_path.rglob("*") if path.parent.name != "earlier"} == before


def test_a_demonstration_that_a_host_serves_is_not_removed(tmp_path: Path) -> None:
    folder = emptied(tmp_path / "demo")
    (folder / "host.log").touch()
    with closing(Hold(folder / "patchbay.db")), pytest.raises(FileExistsError, match="serves"):
        emptied(folder)
    assert (folder / "host.log").exists()
