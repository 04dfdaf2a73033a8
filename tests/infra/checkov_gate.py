"""`python -m tests.infra.checkov_gate`: checkov reads what would be deployed, and what fails is waived with a reason.

It runs in checkov's own environment (`make infra`), so it imports nothing that needs a package of the project.
"""

import json
import logging
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from logging.handlers import BufferingHandler
from pathlib import Path
from typing import Any

import yaml

from tests.infra.predicted import INFRA, predicted

DEPLOYMENTS = ("dev", "prod", "everything")
"""The snapshots that are scanned: those for operators, and the one where people sign in."""
LEAST_CHECKS = 148
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@dataclass(frozen=True)
class Scan:
    """The results of checkov: names of failed checks by id, type of resource and deployment; what it could not read."""

    checks: int
    failed: Mapping[tuple[str, str, str], str]
    unread: tuple[str, ...] = ()


def findings(scan: Scan, waivers: Sequence[Mapping[str, Any]]) -> list[str]:
    """All that is wrong. What checkov skips counts, too: templates that it cannot parse, and checks that crash."""
    found = list(scan.unread)
    if scan.checks < LEAST_CHECKS:
        found.append(f"only {scan.checks} checks were run")
    waived = [
        (check, each["resource"], deployment)
        for each in waivers
        for check in each["checks"]
        for deployment in each.get("deployments", DEPLOYMENTS)
    ]
    found += [f"{' '.join(key)}: {scan.failed[key]}" for key in sorted(scan.failed.keys() - set(waived))]
    found += [f"{' '.join(key)} is waived, and does not fail" for key in sorted(set(waived) - scan.failed.keys())]
    reasonless = [each["checks"] for each in waivers if not each.get("reason", "").strip()]
    found += [f"{', '.join(checks)} is waived without a reason" for checks in reasonless]
    if len(set(waived)) != len(waived):
        found.append("a waiver stands twice")
    return found


def template(deployment: str) -> str:
    """A snapshot as the text of a template, the form in which checkov knows Azure's resources."""
    resources = predicted(deployment).snapshot["predictedResources"]
    return json.dumps({"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}, indent=2)


def scanned(templates: Mapping[str, str]) -> Scan:
    """Checkov's results for the texts of templates, by their names."""
    from checkov.arm.runner import Runner  # noqa: PLC0415  # only where checkov is installed
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415

    errors = BufferingHandler(sys.maxsize)
    errors.setLevel(logging.ERROR)
    logging.getLogger().addHandler(errors)
    try:
        with tempfile.TemporaryDirectory() as folder:
            for name, text in templates.items():
                Path(folder, f"{name}.json").write_text(text, encoding="utf-8")
            report: Any = Runner().run(folder, runner_filter=RunnerFilter(["arm"]))
    finally:
        logging.getLogger().removeHandler(errors)
    # The type has one dot, in `Microsoft.Web`; the name follows the second.
    failed = {
        (each.check_id, ".".join(each.resource.split(".")[:2]), Path(each.file_abs_path).stem): each.check_name
        for each in report.failed_checks
    }
    unread = [f"cannot be parsed: {Path(file).stem}" for file in report.parsing_errors]
    unread += [each.getMessage() for each in errors.buffer]
    return Scan(len(report.passed_checks) + len(report.failed_checks), failed, tuple(unread))


def notices_what_is_wrong() -> bool:
    """True if checkov detects a store that allows keys again, and a template that is cut off."""
    text = template("prod")
    scan = scanned({"keys": text.replace('"disableLocalAuth": true', '"disableLocalAuth": false'), "cut": text[:-9]})
    keys = ("CKV_AZURE_140", "Microsoft.DocumentDB/databaseAccounts", "keys")
    return keys in scan.failed and "cannot be parsed: cut" in scan.unread


def main() -> int:
    """Print what is wrong, or one line with the figures."""
    waivers = yaml.safe_load((INFRA / "checkov.yaml").read_text(encoding="utf-8"))
    scan = scanned({name: template(name) for name in DEPLOYMENTS})
    found = findings(scan, waivers)
    if not notices_what_is_wrong():
        found.append("checkov does not notice a store that takes keys, or a template that is cut off")
    sys.stdout.writelines(f"{each}\n" for each in found)
    sys.stdout.write(f"checkov: {len(DEPLOYMENTS)} deployments, {scan.checks} checks, {len(scan.failed)} failed\n")
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
