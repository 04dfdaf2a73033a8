"""Where documents lie: partitions and ids."""

Partition = tuple[str, ...]
"""The values of a partition key, coarse to fine."""

_LONGEST = 1000
"""Bytes of an id or of one value of a partition key; nothing longer was ever written."""
_NOT_IN_IDS = frozenset("/\\?#")


def can_exist(partition: Partition, document_id: str = "-") -> bool:
    """Whether such a document can be there at all: keys and ids come from URLs, where anything may stand."""
    if not document_id or _NOT_IN_IDS & set(document_id):
        return False
    return all(len(value.encode()) <= _LONGEST for value in (*partition, document_id))
