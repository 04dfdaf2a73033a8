"""PostgreSQL for the peers' work."""

from collections.abc import Sequence
from typing import Any

import psycopg


class PostgresStatements:
    """Implements `Statements` with SQLite's place holders."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)

    def execute(self, sql: str, parameters: Sequence[Any] = ()) -> Any:
        return self._connection.execute(sql.replace("?", "%s"), parameters)
