"""A month of sample traffic leaves no native id of a person in any id, key, usage file, or line of the log."""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from local.sample.traffic import SampleMonth, sample_month
from shared.embedded.database import Database
from tests.local.played import ThinMonths
from tests.native_ids import kept_in_tables

pytestmark = pytest.mark.slow
SEED = 7


def native_ids(month: SampleMonth) -> set[str]:
    """The ids by which the month's channels know their threads and customers."""
    found: set[str] = set()
    for post in month.posts:
        # Some senders make mistakes, and post no JSON.
        with suppress(ValueError):
            found.update(_ids_in(json.loads(post.body)))
    return found


def _ids_in(body: Any) -> Iterator[str]:
    documents: Sequence[Any] = body if isinstance(body, list) else [body]
    for document in (each for each in documents if isinstance(each, dict)):
        data = document.get("data", {})
        holders = [
            *(document.get(name) for name in ("conversation", "from", "recipient")),
            *(document.get("message", {}).get(name) for name in ("chat", "from")),
            *(data.get(name) for name in ("customer", "author")),
        ]
        people = [one for one in holders if isinstance(one, dict) and one.get("role") not in ("bot", "agent", "system")]
        yield from (str(one["id"]) for one in people if "id" in one)
        if "threadId" in (data.get("channel") or {}):
            yield str(data["channel"]["threadId"])


async def test_the_sample_month_names_nobody_natively(thin_months: ThinMonths) -> None:
    # Given a month of traffic as the local host plays it
    run = thin_months(SEED)
    found = native_ids(sample_month(SEED, thin=1000))
    assert len(found) > 100
    # When all is read that it left, but for contents
    database = Database(run.folder / "patchbay.db")
    kept = kept_in_tables(database)
    await database.close()
    # Then no id of a thread or a customer is in it, in the usage files, or in the log
    texts = [*kept, *(report.decode("utf-8", "replace") for report in run.reports.values())]
    texts.append((run.folder / "host.log").read_text(encoding="utf-8"))
    any_of_them = re.compile("|".join(sorted(map(re.escape, found))))
    assert [named for text in texts if (named := any_of_them.search(text))] == []
