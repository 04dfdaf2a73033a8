"""The evidence: pages and files in which every row and every correction stands once."""

import asyncio
import csv
import io
import json
from typing import Any

import pytest

from shared.contributions.row import Occasion
from shared.errors import NotAcceptable
from shared.usage.correction import Correction, by_origin
from shared.usage.evidence import PAGE, PART, EvidencePage, evidence_page, exported
from shared.usage.ledger import LedgerRow
from shared.usage.posting import booked_contribution, correction
from shared.usage.render.evidence import HEADER, export_format
from tests.fakes import MemoryLedger
from tests.usage.render.hostile import begins_a_formula, hostile_names, restored
from tests.usage.test_ledger_row import row

OCTOBER = "2026-10"
OCCASION = Occasion(fact_id="f9", type="conversation.started", received_at="2026-10-20T12:00:00Z")


async def ledger_with(rows: int, corrections: int) -> MemoryLedger:
    """October with sessions, of which every seventh does not count, and corrections of September."""
    ledger = MemoryLedger()
    for n in range(rows):
        excluded: dict[str, Any] = {"excluded": "no_bot", "bots": (), "proof": None} if n % 7 == 0 else {}
        await ledger.post("contoso", row(f"c{n:06}", **excluded))
    for n in range(corrections):
        await ledger.correct("contoso", correction(OCTOBER, booked_contribution(None), september(n), OCCASION))
    return ledger


def september(number: int) -> LedgerRow:
    return row(f"s{number:06}", day="2026-09-30")


@pytest.mark.parametrize("rows", [0, 1, PAGE - 1, PAGE, PAGE + 1])
@pytest.mark.parametrize("corrections", [0, 1, PAGE, PAGE + 1])
async def test_pages_hold_every_row_and_then_every_correction_once(rows: int, corrections: int) -> None:
    ledger = await ledger_with(rows, corrections)
    found_rows: list[LedgerRow] = []
    found: list[Correction] = []
    after = None
    for _ in range(5):
        page = await evidence_page(ledger, "contoso", OCTOBER, None, after)
        assert len(page.rows) + len(page.corrections) <= PAGE
        found_rows += page.rows
        found += page.corrections
        if (after := page.continuation) is None:
            break
    assert [one.key for one in found_rows] == [f"c{n:06}" for n in range(rows)]
    assert [one.key for one in found] == [f"s{n:06}" for n in range(corrections)]


@pytest.mark.parametrize("counted", [True, False])
async def test_whoever_asks_by_whether_it_counts_gets_rows_only(counted: bool) -> None:
    ledger = await ledger_with(30, 3)
    page = await evidence_page(ledger, "contoso", OCTOBER, counted, None)
    assert {one.excluded is None for one in page.rows} == {counted}
    assert (page.corrections, page.continuation) == ((), None)


async def test_others_have_their_turn_while_a_file_is_made() -> None:
    # given a ledger that answers at once, as the one on SQLite does, and somebody who waits for a turn
    ledger = await ledger_with(PART, 0)
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            await asyncio.sleep(0)
            turns += 1

    waiting = asyncio.create_task(other())
    # when a part of 10,000 rows is made, which takes a third of a second
    await exported(ledger, "contoso", OCTOBER, None, None, export_format("csv"))
    waiting.cancel()
    # then there were turns in between
    assert turns > 2


async def whole_file(ledger: MemoryLedger, name: str) -> tuple[str, int]:
    """All parts of the file one after the other, and how many there were."""
    text, after = "", None
    for parts in range(1, 10):
        part = await exported(ledger, "contoso", OCTOBER, None, after, export_format(name))
        text += part.text
        if (after := part.continuation) is None:
            return text, parts
    raise AssertionError("there is no end")


async def test_a_large_month_comes_in_parts_that_make_one_file() -> None:
    # Given more than one part holds
    ledger = await ledger_with(PART + 1, 20)
    for name in ("csv", "ndjson"):
        text, parts = await whole_file(ledger, name)
        assert parts == 2
        # Then the parts together have one header, and every row once
        reader = csv.DictReader(io.StringIO(text)) if name == "csv" else map(json.loads, text.splitlines())
        lines = list(reader)
        keys = [line["key"] for line in lines]
        assert len(keys) == len(set(keys)) == PART + 21
        assert {line["kind"] for line in lines} == {"session", "excluded", "correction"}


async def test_the_csv_adds_up_to_what_is_counted_and_corrected() -> None:
    ledger = await ledger_with(70, 5)
    text, _ = await whole_file(ledger, "csv")
    lines = list(csv.DictReader(io.StringIO(text)))
    assert tuple(lines[0]) == HEADER
    books = await ledger.books("contoso", OCTOBER)
    own = sum(counts["counted", ""] for counts in books.days.values())
    assert (
        sum(int(line["sessions"]) for line in lines)
        == own + by_origin(books.corrections)["2026-09"]["counted", ""]
        == 65
    )
    # and each line says what proves it, or why it does not count, or why and what it corrects
    by_kind = {line["kind"]: line for line in lines}
    session, excluded, correction_line = (by_kind[kind] for kind in ("session", "excluded", "correction"))
    assert (session["proofFactId"], session["proofBot"], session["proofThrough"]) == ("f1", "b1", "decision")
    assert (session["bots"], session["account"], session["channel"]) == ("b1", "contoso-chat", "webchat")
    assert (session["workStream"], session["escalated"]) == ("W", "false")
    assert (excluded["excluded"], excluded["proofFactId"]) == ("no_bot", "")
    assert (correction_line["reason"], correction_line["originMonth"], correction_line["recordedAt"]) == (
        "late",
        "2026-09",
        "2026-10-20T12:00:00Z",
    )
    assert "2026-09-30 counted +1" in correction_line["changes"]


@pytest.mark.parametrize("name", ["=HYPERLINK(1)", "+1", "-1", "@a", "\tx", "\rx", *hostile_names(100, seed=14)])
def test_no_cell_of_the_csv_is_a_formula(name: str) -> None:
    # given a conversation and a bot that are called so, in a row and in a correction
    page = EvidencePage(
        [row(name, bots=(name,))], [correction(OCTOBER, booked_contribution(None), row(name), OCCASION)], None
    )
    # when their lines are written
    session, corrected = csv.reader(io.StringIO(export_format("csv").page(page), newline=""))
    # then no cell begins with a formula, seen or unseen, by any spreadsheet's reckoning
    assert not [cell for cell in (*session, *corrected) if begins_a_formula(cell)]
    # and the exact name comes back
    assert {restored(line[HEADER.index("conversationId")]) for line in (session, corrected)} == {name}


def test_a_format_that_is_not_there_is_not_acceptable() -> None:
    with pytest.raises(NotAcceptable):
        export_format("pdf")
