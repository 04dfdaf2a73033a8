"""The version of the schema in which everything is stored, on SQLite and on Cosmos DB alike."""

from shared.errors import PatchbayError

SCHEMA_VERSION = 7
"""It grows with each change of a shape in which something is stored."""


class SchemaDiffers(PatchbayError):
    """Raised at the start if a store has data of another schema version. They stay as they are.

    `place` names the store; `found` is its version, None if it has data without one; `setting` names another store.
    """

    code = "schema_differs"
    status = 503
    retryable = False

    def __init__(self, place: str, found: int | None, setting: str) -> None:
        written = "no schema version" if found is None else f"schema version {found}"
        super().__init__(
            f"the data in {place} have {written}, and this version of Patchbay reads {SCHEMA_VERSION} only: "
            f"run the version of Patchbay that wrote them, or name another place with {setting}"
        )
