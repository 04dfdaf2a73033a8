"""What is measured beside each other does the same work."""

from pathlib import Path

from shared.embedded.database import Database
from tests.bench.recording import Design, delivered, one_document, patchbay, traffic


async def counted(file: Path, design: Design, sql: str) -> int:
    """How many sessions the design counts of twenty conversations, some of whose events come twice."""
    bodies = traffic(20, 12)
    database = Database(file)
    await delivered(await design(database), [*bodies, *bodies[::7]])
    (row,) = database.query(sql)
    await database.close()
    return int(row["sessions"])


async def test_both_designs_count_the_same_sessions(tmp_path: Path) -> None:
    # Given the same conversations, when each design has recorded them, then both have counted each once
    ours = "SELECT count(*) AS sessions FROM contributions WHERE standing = 'counted'"
    assert await counted(tmp_path / "patchbay.db", patchbay, ours) == 20
    assert await counted(tmp_path / "peer.db", one_document, "SELECT sessions FROM months") == 20
