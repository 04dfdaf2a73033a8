"""The documents say what the code says: every code with its status, every link and file, every record short."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest

from shared.access.route_permissions import ROUTE_PERMISSIONS
from shared.conversations.conversation import WarningCode
from shared.diagnosis.findings import KINDS
from shared.embedded.backup import BackupRefused
from shared.embedded.database import DatabaseMissing
from shared.embedded.holding import DatabaseInUse
from shared.embedded.restore import RestoreRefused
from shared.errors import CredentialFault, MistakeCode, PatchbayError
from shared.metrics import METRICS, Metric
from shared.outgoing import AddressRefused
from shared.routing.decision import Outcome
from shared.routing.trace import RuleStatus
from shared.settings import TelemetrySettings
from shared.telemetry import Outcome as DeliveryOutcome
from shared.usage.correction import CorrectionReason
from shared.usage.ledger import Exclusion
from shared.usage.report import ObstacleCode
from tests.documents import CODE, DOCUMENTS, ROOT, codes, header, rows

RECORDS = sorted((ROOT / "docs/decisions").glob("*.md"))
ERRORS = (ROOT / "docs/errors.md").read_text(encoding="utf-8")
ACCESS = (ROOT / "docs/access.md").read_text(encoding="utf-8")
TELEMETRY = (ROOT / "docs/operations/telemetry.md").read_text(encoding="utf-8")

_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_FILE = re.compile(r"`((?:shared|functions|local|tests|docs|examples)/[\w./-]*|[\w.]+\.(?:py|json|toml|txt))`")


def error_classes(root: type[PatchbayError] = PatchbayError) -> Iterator[type[PatchbayError]]:
    """Every class of the project below the root that has a code; tests may define others."""
    for child in root.__subclasses__():
        if hasattr(child, "code") and child.__module__.startswith("shared."):
            yield child
        yield from error_classes(child)


def dead_links(document: str, folder: Path) -> list[str]:
    """Relative links to files, or to headings of a document, that do not exist."""
    targets = [target for target in _LINK.findall(_FENCE.sub("", document)) if "://" not in target]
    return [target for target in targets if not _leads_somewhere(target, document, folder)]


def _leads_somewhere(target: str, document: str, folder: Path) -> bool:
    path, _, anchor = target.partition("#")
    file = folder / path
    if not file.exists():
        return False
    text = file.read_text(encoding="utf-8") if path and anchor else document
    headings = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return not anchor or anchor in {re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in headings}


def missing_files(document: str) -> list[str]:
    """Files of the project that the document names and that do not exist."""
    own = "local.settings.json"  # a developer's, never under version control
    return [name for name in _FILE.findall(document) if name != own and not (ROOT / name).exists()]


def test_every_error_stands_in_the_document_with_its_status_and_nothing_else_does() -> None:
    # given every error of the project, those of adapters included
    assert {AddressRefused, DatabaseInUse, DatabaseMissing, BackupRefused, RestoreRefused} <= set(error_classes())
    known = [(each.code, str(each.status), "yes" if each.retryable else "no") for each in error_classes()]
    # when the table of errors is read
    written = [(CODE.findall(row[0])[0], row[1], row[2]) for row in rows(ERRORS, "Errors")]
    # then it has each one once, with status and whether a retry helps
    assert sorted(written) == sorted(known)
    assert all(cell for row in rows(ERRORS, "Errors") for cell in row)


def test_every_other_code_stands_in_its_table_and_nothing_else_does() -> None:
    # given a conversation's warnings, the ledger's reasons, and what decisions and rules may be
    # when the tables are read
    # then each has exactly these
    assert sorted(codes(ERRORS, "Warnings on a conversation")) == sorted(get_args(WarningCode))
    assert sorted(codes(ERRORS, "Why a conversation does not count")) == sorted(get_args(Exclusion))
    assert sorted(codes(ERRORS, "Why a closed month is corrected")) == sorted(get_args(CorrectionReason))
    assert sorted(codes(ERRORS, "What keeps a month from closing")) == sorted(get_args(ObstacleCode))
    assert sorted(codes(ERRORS, "Outcomes of a routing decision")) == sorted(get_args(Outcome))
    assert sorted(codes(ERRORS, "What became of a rule")) == sorted(get_args(RuleStatus))


def test_every_table_of_codes_says_why_and_where_there_is_a_cause_what_to_do() -> None:
    # given the tables of the document whose first column is a code
    tables = re.findall(r"^## (.+)$", ERRORS, re.MULTILINE)
    headers = {title: header(ERRORS, title) for title in tables}
    coded = {title: cells for title, cells in headers.items() if cells[:1] in (["code"], ["fault"], ["reason"])}
    assert {"Errors", "Faults of credentials", "What keeps a month from closing"} <= set(coded)
    for title, cells in coded.items():
        # when they are read, then a cause has a remedy beside it, and no cell is empty
        assert ("cause" in cells) == ("remedy" in cells), title
        assert all(len(row) == len(cells) and all(row) for row in rows(ERRORS, title)), title


def test_every_fault_and_every_mistake_with_a_code_stands_in_its_table_and_nothing_else_does() -> None:
    # given what credentials and registrations are refused for
    # when the tables are read
    mistakes = [row[0].strip("`") for row in rows(ERRORS, "Mistakes with a code")]
    # then each has exactly these
    assert sorted(codes(ERRORS, "Faults of credentials")) == sorted(get_args(CredentialFault))
    assert sorted(mistakes) == sorted(get_args(MistakeCode))


def test_the_document_says_who_opens_which_route() -> None:
    # given what opens each function's route
    proofs = {"channel": "the channel's proof", "publisher": "a signature of the tenant", "handshake": "a handshake"}
    table = {
        name: [*([f"`{one.role}`"] if one.role else []), *([proofs[one.proof]] if one.proof else [])] or ["everybody"]
        for name, one in ROUTE_PERMISSIONS.items()
    }
    # when the document's table is read, then it says the same
    written = {row[0].strip("`"): row[1].split(", or ") for row in rows(ACCESS, "Who opens which route")}
    assert written == table


def test_every_finding_of_the_payload_doctor_stands_in_its_table_with_severity_and_remedy() -> None:
    # given the codes, when the table is read
    written = [(CODE.findall(row[0])[0], row[1], row[3]) for row in rows(ERRORS, "Findings of the payload doctor")]
    # then it has each one once, as the code has it, and a cause
    assert written == sorted((code, *kind) for code, kind in KINDS.items())
    assert all(row[2] for row in rows(ERRORS, "Findings of the payload doctor"))


def test_every_metric_and_every_outcome_of_a_delivery_stands_in_its_table_as_it_is_reported() -> None:
    # given the metrics, and what becomes of deliveries
    def written(metric: Metric) -> list[str]:
        attributes = ", ".join(f"`{name}`" for name in metric.attributes)
        return [f"`{metric.name}`", metric.kind, f"`{metric.unit}`", attributes]

    # when the tables are read, then they say the same
    assert [row[:4] for row in rows(TELEMETRY, "Metrics")] == [written(metric) for metric in METRICS]
    assert [row[0].strip("`") for row in rows(TELEMETRY, "Outcomes")] == list(get_args(DeliveryOutcome))


def test_every_setting_of_telemetry_stands_in_its_table() -> None:
    names = {str(field.validation_alias) for field in TelemetrySettings.model_fields.values()}
    assert names <= {row[0].strip("`") for row in rows(TELEMETRY, "Settings")}


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_and_every_file_that_a_document_names_exists(document: Path) -> None:
    # given a document
    text = document.read_text(encoding="utf-8")
    # when its relative links are followed, and the files that it names are looked for
    # then all are there
    assert dead_links(text, document.parent) == []
    assert missing_files(text) == []


@pytest.mark.parametrize("record", RECORDS, ids=lambda path: path.stem)
def test_a_decision_record_is_short_and_complete(record: Path) -> None:
    # given a decision record
    text = record.read_text(encoding="utf-8")
    # when it is measured
    # then it has at most 50 lines, its number in the title, and its four parts in order
    assert len(text.splitlines()) <= 50
    assert text.startswith(f"# {int(record.name[:4])}. ")
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences", "Alternatives"]


def test_what_is_missing_or_made_up_is_noticed() -> None:
    # given a document whose table has one code, a link that leads nowhere, and a file that is not there
    document = "\n## Errors\n\n| code | HTTP |\n|---|---|\n| `one` | 400 |\n\n## Next\n\n| `two` |\n"
    broken = "[a](README.md) [b](gone.md) [c](#next) [d](#gone) `shared/wire.py` `shared/gone.py`\n# Next\n"
    # when the checks of this file read it
    # then they see the one code, and name what is wrong
    assert codes(document, "Errors") == ["one"]
    assert codes(document, "Gone") == []
    assert dead_links(broken, ROOT) == ["gone.md", "#gone"]
    assert missing_files(broken) == ["shared/gone.py"]
