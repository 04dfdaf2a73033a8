"""One HTTP POST of the sample month."""

from dataclasses import dataclass
from datetime import datetime

JSON = "application/json"
EVENT = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


@dataclass(frozen=True)
class Post:
    """`at` is when the sender makes the post, never before the events in it.

    `refused` are the expected codes of refusal: one for a post that is refused as a whole, or one for every event of a
    batch that is rejected alone. One that is not `timed` tells no time, so what it tells of counts when it is made.
    """

    path: str
    content_type: str
    body: bytes
    at: datetime
    refused: tuple[str, ...] = ()
    timed: bool = True

    @property
    def tenant(self) -> str:
        return self.path.split("/")[3]
