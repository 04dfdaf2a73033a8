"""`make infra` lets nothing pass that checkov found and nobody gave a reason for, and no reason that is not needed."""

from dataclasses import replace
from typing import Any

import pytest

from tests.infra.checkov_gate import DEPLOYMENTS, LEAST_CHECKS, Scan, findings

FAILED = {("CKV_1", "A/b", "dev"): "It"} | {("CKV_2", "A/b", each): "It" for each in DEPLOYMENTS}
SCAN = Scan(LEAST_CHECKS, FAILED)
DEV = {"resource": "A/b", "checks": ["CKV_1"], "deployments": ["dev"], "reason": "The parameter is off."}
ALL = {"resource": "A/b", "checks": ["CKV_2"], "reason": "Nobody has it."}


def test_what_is_waived_passes() -> None:
    assert findings(SCAN, [DEV, ALL]) == []


@pytest.mark.parametrize(
    ("scan", "waivers", "told"),
    [
        (replace(SCAN, failed={**FAILED, ("CKV_3", "A/b", "dev"): "It"}), [DEV, ALL], "CKV_3 A/b dev: It"),
        (replace(SCAN, failed={**FAILED, ("CKV_1", "A/c", "dev"): "It"}), [DEV, ALL], "CKV_1 A/c dev: It"),
        (replace(SCAN, failed={**FAILED, ("CKV_1", "A/b", "prod"): "It"}), [DEV, ALL], "CKV_1 A/b prod: It"),
        (SCAN, [{**DEV, "deployments": ["dev", "prod"]}, ALL], "CKV_1 A/b prod is waived, and does not fail"),
        (SCAN, [{**DEV, "reason": " "}, ALL], "CKV_1 is waived without a reason"),
        (SCAN, [DEV, ALL, DEV], "a waiver stands twice"),
        (replace(SCAN, unread=("cannot be parsed: dev",)), [DEV, ALL], "cannot be parsed: dev"),
        (replace(SCAN, checks=LEAST_CHECKS - 1), [DEV, ALL], f"only {LEAST_CHECKS - 1} checks were run"),
    ],
    ids=["not waived", "of another type", "elsewhere", "not needed", "no reason", "twice", "not read", "too few"],
)
def test_whatever_else_is_told(scan: Scan, waivers: list[dict[str, Any]], told: str) -> None:
    assert findings(scan, waivers) == [told]
