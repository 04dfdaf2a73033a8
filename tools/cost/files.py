"""The files from which the cost is computed (`infra/prices/`), with exact decimals."""

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent.parent.parent / "infra" / "prices"


def prices_file(name: str) -> dict[str, Any]:
    """The content of the file of this name; every number with a fraction is a Decimal."""
    document: dict[str, Any] = json.loads((_FOLDER / name).read_text(encoding="utf-8"), parse_float=Decimal)
    return document
