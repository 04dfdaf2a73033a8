"""A database for tests that write a lot and are about something else than the disk."""

from pathlib import Path

from shared.embedded.database import Database


class UnflushedDatabase(Database):
    """A database that does not wait for the disk: only a power failure could lose what it committed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._writer_connection.execute("PRAGMA synchronous = OFF")
