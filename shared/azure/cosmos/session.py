"""Session tokens: a read sees every write of its partition that this process knows of.

The SDK keeps tokens too, but not those of transactional batches. A conflict's answer has a token as well: whoever was
told that something is there, reads it.
"""

from shared.azure.cosmos.keys import Partition
from shared.azure.cosmos.recent import Recent


class SessionTokens:
    """The furthest token of each partition that was written or read lately."""

    def __init__(self) -> None:
        self._tokens: Recent[Partition, str] = Recent()

    def of(self, partition: Partition) -> str | None:
        return self._tokens.get(partition)

    def note(self, partition: Partition, token: str) -> None:
        """Keep the token, unless an answer that came earlier was further on."""
        known = self._tokens.get(partition)
        if known is None or _place(known)[0] != _place(token)[0] or _place(known)[1] <= _place(token)[1]:
            self._tokens.put(partition, token)

    def forget(self, partition: Partition) -> None:
        """Forget what no replica has: after a split a token may name a range that is gone."""
        self._tokens.forget(partition)


def _place(token: str) -> tuple[str, int]:
    """The physical range and its log sequence number: `0:-1#42` or `0:1#42#3=40` is number 42 in range 0."""
    physical, _, vector = token.partition(":")
    numbers = vector.split("#")
    text = numbers[1] if len(numbers) > 1 else numbers[0]
    return physical, int(text) if text.isdigit() else 0
