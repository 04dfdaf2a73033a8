"""`make infra` lets nothing pass that checkov found and nobody gave a reason for, and no reason that is not needed."""

from typing import Any

import pytest

from tests.infra.checkov_gate import findings

FILES = {"main.bicep", "modules/storage.bicep"}
WAIVERS = [{"check": "CKV_1", "file": "modules/storage.bicep", "reason": "The parameter decides."}]


def report(failed: list[tuple[str, str]], *, passed: int = 30, unparsed: int = 0) -> dict[str, Any]:
    checks = [{"check_id": check, "file_path": f"/{file}", "check_name": "Ensure it"} for check, file in failed]
    return {
        "summary": {"passed": passed, "failed": len(failed), "parsing_errors": unparsed},
        "results": {"failed_checks": checks, "parsing_errors": ["main.bicep"] * unparsed},
    }


FAILED = [("CKV_1", "modules/storage.bicep")]


def test_what_is_waived_passes() -> None:
    assert findings(report(FAILED), FILES, WAIVERS, "") == []


@pytest.mark.parametrize(
    ("given", "waivers", "log", "told"),
    [
        (report([*FAILED, ("CKV_2", "main.bicep")]), WAIVERS, "", "CKV_2 in main.bicep: Ensure it"),
        (report([("CKV_1", "main.bicep"), *FAILED]), WAIVERS, "", "CKV_1 in main.bicep: Ensure it"),
        (report([]), WAIVERS, "", "CKV_1 in modules/storage.bicep is waived, and does not fail"),
        (report(FAILED), [{**WAIVERS[0], "reason": " "}], "", "CKV_1 is waived without a reason"),
        (report(FAILED), WAIVERS * 2, "", "a waiver stands twice"),
        (report(FAILED, unparsed=1), WAIVERS, "", "cannot be parsed: main.bicep"),
        (report(FAILED, passed=18), WAIVERS, "", "only 19 checks were run"),
        (report(FAILED), WAIVERS, "Traceback: KeyError", "checkov failed: Traceback: KeyError"),
    ],
    ids=["not waived", "waived elsewhere", "not needed", "no reason", "twice", "not parsed", "too few", "crashed"],
)
def test_whatever_else_is_told(given: dict[str, Any], waivers: list[dict[str, str]], log: str, told: str) -> None:
    assert findings(given, FILES, waivers, log) == [told]
