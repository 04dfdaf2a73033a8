"""`make infra` lets nothing pass that checkov found and nobody gave a reason for, and no reason that is not needed."""

from dataclasses import replace

import pytest

from tests.infra.checkov_gate import Scan, findings

STORAGE = ("CKV_1", "modules/storage.bicep", "Ensure it")
SCAN = Scan(30, frozenset({STORAGE}))
WAIVERS = [{"check": "CKV_1", "file": "modules/storage.bicep", "reason": "The parameter decides."}]


def test_what_is_waived_passes() -> None:
    assert findings(SCAN, WAIVERS) == []


@pytest.mark.parametrize(
    ("scan", "waivers", "told"),
    [
        (replace(SCAN, failed=SCAN.failed | {("CKV_2", "a.bicep", "It")}), WAIVERS, "CKV_2 in a.bicep: It"),
        (replace(SCAN, failed=SCAN.failed | {("CKV_1", "a.bicep", "It")}), WAIVERS, "CKV_1 in a.bicep: It"),
        (replace(SCAN, failed=frozenset()), WAIVERS, "CKV_1 in modules/storage.bicep is waived, and does not fail"),
        (SCAN, [{**WAIVERS[0], "reason": " "}], "CKV_1 is waived without a reason"),
        (SCAN, WAIVERS * 2, "a waiver stands twice"),
        (replace(SCAN, unparsed=frozenset({"a.bicep"})), WAIVERS, "cannot be parsed: a.bicep"),
        (replace(SCAN, checks=19), WAIVERS, "only 19 checks were run"),
        (replace(SCAN, crashes=("KeyError",)), WAIVERS, "checkov failed: KeyError"),
    ],
    ids=["not waived", "waived elsewhere", "not needed", "no reason", "twice", "not parsed", "too few", "crashed"],
)
def test_whatever_else_is_told(scan: Scan, waivers: list[dict[str, str]], told: str) -> None:
    assert findings(scan, waivers) == [told]
