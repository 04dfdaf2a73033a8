"""Every invariant has a negative control: with the code that keeps it broken on purpose, its test fails."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.broken_copy import Edit, broken_copy, run_module
from tests.prove import controls as proofs


@dataclass(frozen=True)
class Control:
    """What is broken, where, and the test that must notice."""

    broken: str
    file: str
    code: str
    instead: str
    test: str


CONTROLS = (
    Control(
        "an event goes over the bus without its trace",
        "shared/traced/publisher.py",
        "bare.model_copy(update=attributes)",
        "bare.model_copy()",
        "tests/functions/test_traces.py::test_a_message_is_one_trace_from_the_webhook_to_the_ledger",
    ),
    Control(
        "a span tells a failure's message",
        "shared/telemetry.py",
        '"record_exception": False',
        '"record_exception": True',
        "tests/test_telemetry.py::test_a_failure_is_an_error_of_its_kind_without_its_message",
    ),
    Control(
        "a lower revision replaces a ledger row",
        "shared/embedded/ledger.py",
        "old.revision >= row.revision",
        "False",
        "tests/contract/test_ledger.py",
    ),
    Control(
        "a closed month takes posts",
        "shared/embedded/ledger.py",
        "SET posts = posts + 1 WHERE closed_at IS NULL",
        "SET posts = posts + 1",
        "tests/contract/test_ledger.py",
    ),
    Control(
        "a month is closed without what was posted during the count",
        "shared/embedded/ledger.py",
        "str(posts) != books.stamp",
        "False",
        "tests/contract/test_ledger.py",
    ),
    Control(
        "a correction does not know of those before it",
        "shared/usage/posting.py",
        "booked.with_correction(stored) if stored else booked",
        "booked",
        "tests/effects/test_corrections.py",
    ),
    Control(
        "a correction of nothing is not written down",
        "shared/usage/posting.py",
        "            await ledger.correct(tenant_id, new)",
        "            if new.changes:\n                await ledger.correct(tenant_id, new)",
        "tests/usage/test_posting.py",
    ),
    Control(
        "a month is not checked before it closes",
        "shared/usage/recount.py",
        "if stored.get(day) != counted.get(day)",
        "if False",
        "tests/effects/test_corrections.py",
    ),
    Control(
        "a closed report gives way to an older one",
        "shared/usage/monthly_usage.py",
        '            if report.status != "closed":\n                break\n',
        "            break\n",
        "tests/effects/test_corrections.py",
    ),
    Control(
        "the head is replaced whatever its ETag",
        "shared/embedded/conversations.py",
        "AND key = ? AND etag = ?",
        "AND key = ? AND etag <> -?",
        "tests/contract/test_conversation_store.py",
    ),
    Control(
        "a token is good for ever",
        "shared/access/token.py",
        "not _is_moment(expires) or expires + skew <= seconds",
        "False",
        "tests/access/test_senders.py",
    ),
    Control(
        "a token's service is not the activity's",
        "shared/access/senders.py",
        'not isinstance(service_url, str) or service_url != claims.get("serviceurl")',
        "False",
        "tests/access/test_senders.py",
    ),
    Control(
        "a role holds for every tenant",
        "shared/access/route_permissions.py",
        "tenant_id not in grants.get(caller.id.lower(), frozenset())",
        "False",
        "tests/functions/test_access.py",
    ),
    Control(
        "an unknown channel answers otherwise than a wrong proof",
        "shared/access/access.py",
        "disclosed=self.open_to_all",
        "disclosed=True",
        "tests/functions/test_access.py",
    ),
    Control(
        "what is left of a whole is dropped",
        "shared/usage/charge_back.py",
        "quotient + (part in favoured)",
        "quotient",
        "tests/usage/test_charge_back.py::test_the_parts_add_up_to_the_whole",
    ),
    Control(
        "only the first character of a cell is looked at",
        "shared/usage/render/neutralise.py",
        "(?:^|(?<=[{_BREAKS}]))",
        "^",
        "tests/usage/render/test_hostile_names.py",
    ),
    Control(
        "an apostrophe of the text is taken for one of the writer",
        "shared/usage/render/neutralise.py",
        "(?='|",
        "(?=",
        "tests/usage/render/test_neutralise.py::test_the_exact_text_comes_back",
    ),
    Control(
        "a page takes names for markup",
        "shared/usage/render/page.py",
        "autoescape=True",
        "autoescape=False",
        "tests/usage/render/test_page.py::test_hostile_names_are_text_and_nothing_else",
    ),
    Control(
        "a forecast is surer than it can be",
        "shared/usage/forecast.py",
        "return self.quantile * ",
        "return 0.5 * self.quantile * ",
        "tests/usage/test_forecast.py::test_past_months_would_have_been_foretold_as_the_document_says",
    ),
    Control(
        "a forecast's limits fall",
        "shared/usage/forecast.py",
        "low, high = max(low, used + expected - margin)",
        "low, high = used + expected - margin",
        "tests/usage/test_forecast.py::test_a_forecast_holds_together",
    ),
    Control(
        "a workbook's texts are guessed at",
        "shared/usage/render/sheets.py",
        "sheet.write_string(row, column, value, style)",
        "sheet.write(row, column, value, style)",
        "tests/usage/render/test_hostile_names.py::test_no_cell_of_a_workbook_is_a_formula",
    ),
    Control(
        "a workbook is dated now",
        "shared/usage/render/sheets.py",
        '"created": created',
        '"subject": ""',
        "tests/usage/render/test_xlsx.py::test_the_same_report_gives_the_same_bytes_and_no_time_but_its_own",
    ),
)


@pytest.mark.parametrize("control", CONTROLS, ids=lambda control: control.broken.replace(" ", "-"))
def test_the_test_fails_when_its_invariant_is_broken(control: Control, tmp_path: Path) -> None:
    # Given a copy of the project in which one invariant is not kept
    broken_copy(tmp_path, Edit(control.file, control.code, control.instead))
    # When its test runs there
    options = ("-x", "-q", "-p", "no:cacheprovider", "--hypothesis-profile=glance")
    run = run_module(tmp_path, "pytest", *options, control.test)
    # Then it fails (a test that cannot even be collected would end with another code)
    assert run.returncode == 1, run.stdout[-2000:]


@pytest.mark.parametrize(
    "control", [*proofs.CONTROLS, *proofs.ON_AZURE], ids=lambda control: control.broken.replace(" ", "-")
)
def test_what_the_control_of_a_proof_breaks_is_there(control: proofs.Control) -> None:
    # Given what a proof must notice, when it is broken, then the code was there (the proofs themselves run much later)
    for edit in control.edits:
        assert edit.instead in edit.made()
