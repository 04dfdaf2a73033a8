"""`python -m tests.infra.checkov_gate`: checkov reads every Bicep file, and what fails is waived with a reason.

It runs in checkov's own environment (`make infra`), so it imports nothing of the project.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).parents[2] / "infra"
LEAST_CHECKS = 20
_COMMAND = ("-m", "checkov.main", "--framework", "bicep", "--skip-download", "--output", "json", "--compact")


def findings(report: Mapping[str, Any], files: set[str], waivers: Sequence[Mapping[str, str]], log: str) -> list[str]:
    """What is wrong with a report of checkov; `files` are all that it had to read, `log` is what it told besides.

    A file that checkov cannot parse is skipped, and a check that crashes is told in the log only: both count.
    """
    summary, results = report["summary"], report["results"]
    found = [f"cannot be parsed: {file}" for file in results["parsing_errors"]]
    if summary["parsing_errors"] != len(found):
        found.append(f"{summary['parsing_errors']} files cannot be parsed")
    if "Traceback" in log or "ERROR" in log:
        found.append(f"checkov failed: {log.strip()[-400:]}")
    if (checks := summary["passed"] + summary["failed"]) < LEAST_CHECKS:
        found.append(f"only {checks} checks were run")
    failed = {(each["check_id"], each["file_path"].lstrip("/")) for each in results["failed_checks"]}
    waived = {(each["check"], each["file"]) for each in waivers}
    names = {each["check_id"]: each["check_name"] for each in results["failed_checks"]}
    found += [f"{check} in {file}: {names[check]}" for check, file in sorted(failed - waived)]
    found += [f"{check} in {file} is waived, and does not fail" for check, file in sorted(waived - failed)]
    found += [f"{each['check']} is waived without a reason" for each in waivers if not each.get("reason", "").strip()]
    found += [f"{file} of a waiver does not exist" for _, file in sorted(waived) if file not in files]
    if len(waived) != len(waivers):
        found.append("a waiver stands twice")
    return found


def checked(folder: Path) -> tuple[dict[str, Any], str]:
    """Checkov's report on a folder, and its log."""
    command = [sys.executable, *_COMMAND, "--directory", str(folder)]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if not process.stdout.strip():
        raise SystemExit(process.stderr)
    report: dict[str, Any] = json.loads(process.stdout)
    return report, process.stderr


def notices_what_is_wrong(source: Path) -> bool:
    """Whether checkov sees a store that takes keys again, in a copy of a file."""
    with tempfile.TemporaryDirectory() as folder:
        text = source.read_text(encoding="utf-8")
        (Path(folder) / source.name).write_text(text.replace("disableLocalAuth: true", "disableLocalAuth: false"))
        report, _ = checked(Path(folder))
    return any(each["check_id"] == "CKV_AZURE_140" for each in report["results"]["failed_checks"])


def main() -> int:
    """Print what is wrong, or one line with the figures."""
    files = {str(file.relative_to(INFRA)) for file in INFRA.rglob("*.bicep")}
    waivers = yaml.safe_load((INFRA / "checkov.yaml").read_text(encoding="utf-8"))
    report, log = checked(INFRA)
    found = findings(report, files, waivers, log)
    if not notices_what_is_wrong(INFRA / "modules/cosmos.bicep"):
        found.append("checkov does not notice a store that takes keys")
    summary = report["summary"]
    sys.stdout.writelines(f"{each}\n" for each in found)
    sys.stdout.write(
        f"checkov {summary['checkov_version']}: {len(files)} files, {summary['passed']} checks passed, "
        f"{summary['failed']} failed and {len(waivers)} waived, {summary['parsing_errors']} parsing errors\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
