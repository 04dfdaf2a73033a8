"""Partition keys and ids of documents."""

Partition = tuple[str, ...]
"""The values of a partition key, coarse to fine."""

SCHEMA, TENANTS = "_schema", "_tenants"
"""The ids of two documents beside the configurations: the schema's version, and the list of tenants. Each is alone in
a partition of the same name. No tenant can have such an id."""

_MAX_BYTES = 1000
"""The most bytes of an id or of one value of a partition key; nothing longer was ever written."""
_NOT_IN_IDS = frozenset("/\\?#")
_PARENTS = (".", "..")
"""As segments of a URL they name the feed of documents, or the container."""


def can_exist(partition: Partition, document_id: str = "-") -> bool:
    """True if such a document can exist: keys and ids come from URLs, so they may be any text."""
    if not document_id or document_id in _PARENTS or _NOT_IN_IDS & set(document_id):
        return False
    return all(len(value.encode()) <= _MAX_BYTES for value in (*partition, document_id))
