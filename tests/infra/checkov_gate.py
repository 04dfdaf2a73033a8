"""`python -m tests.infra.checkov_gate`: checkov reads every Bicep file, and what fails is waived with a reason.

It runs in checkov's own environment (`make infra`), so it imports nothing of the project.
"""

import logging
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

INFRA = Path(__file__).parents[2] / "infra"
LEAST_CHECKS = 20


@dataclass(frozen=True)
class Scan:
    """The results of checkov: the failed checks as id, file and name; and what it could not do."""

    checks: int
    failed: frozenset[tuple[str, str, str]] = frozenset()
    unparsed: frozenset[str] = frozenset()
    crashes: tuple[str, ...] = ()


def findings(scan: Scan, waivers: Sequence[Mapping[str, str]]) -> list[str]:
    """All that is wrong. Files that checkov cannot parse, which it skips, and checks that crash count, too."""
    found = [f"cannot be parsed: {file}" for file in sorted(scan.unparsed)]
    found += [f"checkov failed: {each}" for each in scan.crashes]
    if scan.checks < LEAST_CHECKS:
        found.append(f"only {scan.checks} checks were run")
    waived = {(each["check"], each["file"]) for each in waivers}
    failed = {(check, file): name for check, file, name in scan.failed}
    found += [f"{check} in {file}: {failed[check, file]}" for check, file in sorted(set(failed) - waived)]
    found += [f"{check} in {file} is waived, and does not fail" for check, file in sorted(waived - set(failed))]
    found += [f"{each['check']} is waived without a reason" for each in waivers if not each.get("reason", "").strip()]
    if len(waived) != len(waivers):
        found.append("a waiver stands twice")
    return found


class _Crashes(logging.Handler):
    """Keeps the errors that checkov logs."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def scanned(files: Iterable[Path], folder: Path) -> Scan:
    """Checkov's findings, by the files' paths below the folder.

    Each file is scanned alone: checkov knows variables only by name, and would confuse those of different files,
    depending on the order in which it reads them.
    """
    import checkov.arm.runner  # noqa: F401, PLC0415  # most checks of Bicep are those of ARM, which it registers
    from checkov.bicep.runner import Runner  # noqa: PLC0415  # only where checkov is installed
    from checkov.runner_filter import RunnerFilter  # noqa: PLC0415

    crashes, checks, failed, unparsed = _Crashes(), 0, set(), set()
    logging.getLogger().addHandler(crashes)
    try:
        for file in files:
            path = str(file.relative_to(folder))
            report: Any = Runner().run(root_folder="", files=[str(file)], runner_filter=RunnerFilter(["bicep"]))
            checks += len(report.passed_checks) + len(report.failed_checks)
            failed |= {(each.check_id, path, each.check_name) for each in report.failed_checks}
            if report.parsing_errors:
                unparsed.add(path)
    finally:
        logging.getLogger().removeHandler(crashes)
    return Scan(checks, frozenset(failed), frozenset(unparsed), tuple(crashes.messages))


def notices_what_is_wrong() -> bool:
    """True if checkov detects a store that allows keys again, and a file that is not Bicep."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        store, broken = folder / "cosmos.bicep", folder / "broken.bicep"
        text = (INFRA / "modules/cosmos.bicep").read_text(encoding="utf-8")
        store.write_text(text.replace("disableLocalAuth: true", "disableLocalAuth: false"), encoding="utf-8")
        broken.write_text("resource account = {\n", encoding="utf-8")
        scan = scanned([store, broken], folder)
    return "CKV_AZURE_140" in {check for check, _, _ in scan.failed} and scan.unparsed == {"broken.bicep"}


def main() -> int:
    """Print what is wrong, or one line with the figures."""
    files = sorted(INFRA.rglob("*.bicep"))
    waivers = yaml.safe_load((INFRA / "checkov.yaml").read_text(encoding="utf-8"))
    scan = scanned(files, INFRA)
    found = findings(scan, waivers)
    if not notices_what_is_wrong():
        found.append("checkov does not notice a store that takes keys, or a file that is not Bicep")
    sys.stdout.writelines(f"{each}\n" for each in found)
    sys.stdout.write(
        f"checkov: {len(files)} files, {len(scan.unparsed)} not parsed; {scan.checks} checks, "
        f"{len(scan.failed)} failed, {len(waivers)} waived\n"
    )
    return 1 if found else 0


if __name__ == "__main__":
    raise SystemExit(main())
