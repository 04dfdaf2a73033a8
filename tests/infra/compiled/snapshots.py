"""`python -m tests.infra.compiled.snapshots`: write what each file of parameters would deploy into `snapshots/`."""

import json
import os
from collections.abc import Mapping
from contextlib import closing
from typing import Any

from tests.infra.compiled.compiler import Compiler
from tests.infra.predicted import PARAMETER_FILES, SNAPSHOTS


def written(snapshot: Mapping[str, Any]) -> str:
    """A snapshot as text. The compiler gives outputs in any order, so that members are sorted."""
    return json.dumps(snapshot, indent=2, sort_keys=True) + "\n"


if __name__ == "__main__":
    with closing(Compiler(os.environ["BICEP"])) as compiler:
        if compiler.version() != (pinned := os.environ["BICEP_VERSION"]):
            raise SystemExit(f"the Bicep compiler is {compiler.version()}, and the Makefile pins {pinned}")
        for name, file in PARAMETER_FILES.items():
            (SNAPSHOTS / f"{name}.json").write_text(written(compiler.snapshot(file)), encoding="utf-8")
