"""What happened in the sample month, as plain records. It shares no code with the pipeline."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Kind = Literal["start", "line", "escalation", "end", "change"]


@dataclass(frozen=True)
class Occurrence:
    """A start, a line, an escalation, an end or the change of a line, as a post reports it.

    `thread` is the channel's endless chat if `threaded`, else one conversation. `place` is (account, channel), empty if
    the post names none. `who`: customer, bot, assistant (a bot that only the agent hears), agent or system. `posted`:
    when it arrived. `public`: the customer sees it. `line`: the id by which a change names the line, as `changes`. A
    removal has no text. `before`: the texts that the line had before.
    """

    tenant: str
    thread: str
    threaded: bool
    place: tuple[str, ...]
    id: str
    at: datetime
    kind: Kind
    who: str
    raw: str
    text: str | None = None
    topic: str | None = None
    work_stream: str | None = None
    locale: str | None = None
    reason: str | None = None
    posted: datetime | None = None
    public: bool = True
    line: str = ""
    changes: str = ""
    before: tuple[str | None, ...] = ()

    @property
    def begins(self) -> bool:
        """True if somebody asks for somebody, so that a conversation begins after an end."""
        by_customer = self.who == "customer" and self.kind in ("start", "line")
        return by_customer or self.kind == "escalation"

    @property
    def known(self) -> datetime:
        """When it is known: at its time, or when it arrived."""
        return max(self.at, self.posted or self.at)
