"""The heads that this process wrote, kept in memory: the file belongs to this process, so nobody else replaces them."""

from collections import OrderedDict
from dataclasses import dataclass

from shared.conversations.ports import Head
from shared.wire import replace

Partition = tuple[str, str]

MOST_BYTES = 32 * 2**20
"""Memory that kept heads may take."""
_MEMORY_PER_BYTE = 6
"""A head takes at most so many times the memory of its document: measured with 0 to 500 variables."""


@dataclass(frozen=True)
class Written:
    """A head that was written, its ETag, and the length of its document."""

    head: Head
    etag: str
    size: int


class WrittenHeads:
    """Those written last. The writer notes each write in the order of commits, whatever became of its caller."""

    def __init__(self) -> None:
        self._kept: OrderedDict[Partition, Written] = OrderedDict()
        self._size = 0

    def get(self, partition: Partition) -> tuple[Head, str] | None:
        """The conversation's head without its decisions, and its ETag; None if it is not kept."""
        if (kept := self._kept.get(partition)) is None:
            return None
        self._kept.move_to_end(partition)
        return kept.head, kept.etag

    def note(self, partition: Partition, outcome: Written | Exception) -> None:
        """Keep what was written. After a write that failed, the file is asked again."""
        self.drop(partition)
        if isinstance(outcome, Exception):
            return
        self._kept[partition] = replace(outcome, head=outcome.head.with_decisions(()))
        self._size += outcome.size
        while self._size * _MEMORY_PER_BYTE > MOST_BYTES:
            self.drop(next(iter(self._kept)))

    def drop(self, partition: Partition) -> None:
        if (kept := self._kept.pop(partition, None)) is not None:
            self._size -= kept.size
