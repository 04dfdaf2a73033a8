"""The payload fixtures, and the doctor's golden files.

Each file in `tests/dialects/payloads/` has one quirk, after which it is named; `golden/` has the doctor's diagnosis of
each, and of the real payloads in the folder that `PAYLOADS` names. After a wanted change:

    .venv/bin/python -m tests.diagnosis.doctor        # writes golden/ anew; read the difference before you commit it
"""

import json
import os
from pathlib import Path

from shared.diagnosis.diagnose import diagnose
from shared.diagnosis.diagnosis import Diagnosis
from shared.events.envelope import parse_time
from tests.builders import contoso, history

HERE = Path(__file__).parent
PAYLOADS = HERE.parent / "dialects" / "payloads"
QUIRKS = sorted(PAYLOADS.iterdir())
GOLDEN = HERE / "golden"
REAL_FOLDER = Path(os.environ.get("PAYLOADS", HERE.parents[2] / "shared" / "payloads"))
REAL = ("bot-framework-complex-activity.json", "bot-framework-emulator.transcript",
        "copilot-studio-handoff.activities.json", "telegram-update.json")  # fmt: skip
NOW = parse_time("2026-10-20T12:00:00Z")


def diagnosed(body: bytes) -> Diagnosis:
    """The doctor's diagnosis of the payload for contoso at NOW."""
    return diagnose(history(contoso()), body, NOW)


def as_golden(diagnosis: Diagnosis) -> str:
    """The diagnosis as the text of its golden file, without remedies, which the documentation has once per code."""
    document = diagnosis.model_dump(mode="json", by_alias=True)
    for found in (*document["ignored"], *document["findings"]):
        del found["remedy"]
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def golden_of(payload: Path) -> Path:
    """The path of a payload's golden file; those of real payloads are below `real/`."""
    folder = GOLDEN / "real" if payload.parent == REAL_FOLDER else GOLDEN
    return folder / f"{payload.name}.golden.json"


def main() -> None:
    """Write the golden files of all payloads."""
    for payload in [*QUIRKS, *(REAL_FOLDER / name for name in REAL)]:
        if payload.exists():
            golden_of(payload).parent.mkdir(parents=True, exist_ok=True)
            golden_of(payload).write_text(as_golden(diagnosed(payload.read_bytes())), encoding="utf-8")


if __name__ == "__main__":
    main()
