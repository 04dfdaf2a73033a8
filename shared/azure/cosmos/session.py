"""Session tokens: a read sees every write of its partition that this process knows of.

The SDK keeps tokens too, but not those of transactional batches. The answer to a conflict has a token as well, so that
the caller then reads the document that was there.
"""

from shared.azure.cosmos.keys import Partition
from shared.bounded_cache import BoundedCache


class SessionTokens:
    """The latest token of each partition that was written or read recently."""

    def __init__(self) -> None:
        self._tokens: BoundedCache[Partition, str] = BoundedCache()

    def of(self, partition: Partition) -> str | None:
        return self._tokens.get(partition)

    def note(self, partition: Partition, token: str) -> None:
        """Keep the token, unless a later one of the same range is kept already."""
        known = self._tokens.get(partition)
        if known is None or _position(known)[0] != _position(token)[0] or _position(known)[1] <= _position(token)[1]:
            self._tokens.put(partition, token)

    def discard(self, partition: Partition, token: str | None) -> None:
        """Discard this token of the partition: after a split it may name a range that no replica has."""
        if self._tokens.get(partition) == token:
            self._tokens.discard(partition)


def _position(token: str) -> tuple[str, int]:
    """The physical range and its log sequence number: `0:-1#42` or `0:1#42#3=40` is number 42 in range 0."""
    physical, _, vector = token.partition(":")
    numbers = vector.split("#")
    text = numbers[1] if len(numbers) > 1 else numbers[0]
    return physical, int(text) if text.isdigit() else 0
