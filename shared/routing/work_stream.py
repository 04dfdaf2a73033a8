"""Work streams, their rules, and the queues that rules lead to."""

import re
from collections.abc import Collection, Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from shared.routing.condition import Condition
from shared.routing.context_variable import DeclaredVariable, DeclaredVariables
from shared.wire import ExactModel


def _checked_id(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}", text):
        raise ValueError("is no id: letters, digits, - and _, at most 64, beginning with a letter or digit")
    return text


Id = Annotated[str, AfterValidator(_checked_id)]
Seconds = Annotated[int, Field(gt=0, le=30 * 24 * 3600)]


class Rule(ExactModel):
    """When the condition holds, the conversation goes to the queue."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)]
    when: Condition
    queue: Id


class InactivityTexts(ExactModel):
    """The messages to the customer in one locale."""

    remind: str | None = None
    close: str | None = None


class InactivityPolicy(ExactModel):
    """Seconds of silence until the reminder, and until the end."""

    remind_after: Seconds | None = None
    close_after: Seconds
    messages: dict[str, InactivityTexts] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _reminds_before_it_closes(self) -> Self:
        if self.remind_after is not None and self.remind_after >= self.close_after:
            raise ValueError("remindAfter must be less than closeAfter")
        return self


class Inactivity(ExactModel):
    """A policy per holder of the conversation: `bot` or `agent` while one has it, `open` while it waits in a queue.

    While a bot or an agent has it, only a customer whose word is awaited is reminded, and closed. While it waits in a
    queue nobody is reminded.
    """

    bot: InactivityPolicy | None = None
    open: InactivityPolicy | None = None
    agent: InactivityPolicy | None = None

    @property
    def policies(self) -> Mapping[str, InactivityPolicy]:
        """The policies that there are, by holder."""
        by_holder = {"bot": self.bot, "open": self.open, "agent": self.agent}
        return {holder: policy for holder, policy in by_holder.items() if policy is not None}


class WorkStream(ExactModel):
    """How the conversations of some channels are distributed."""

    id: Id
    mode: Literal["push", "pick"]
    fallback_queue: Id
    context_variables: tuple[DeclaredVariable, ...] = ()
    rules: tuple[Rule, ...] = ()
    inactivity: Inactivity = Inactivity()

    @cached_property
    def declared(self) -> DeclaredVariables:
        """The declared variables, by their names: every value that is given to one is looked up."""
        return DeclaredVariables(self.context_variables)

    @property
    def takes_escalations(self) -> bool:
        """True if a bot's escalation routes anew: in push work streams only (seed 000)."""
        return self.mode == "push"


class Member(ExactModel):
    """A bot or an agent in a queue, with the capacity that it brings."""

    bot: Id | None = None
    agent: Id | None = None
    capacity: Annotated[int, Field(ge=0, le=10_000)]

    @model_validator(mode="after")
    def _is_bot_or_agent(self) -> Self:
        if (self.bot is None) == (self.agent is None):
            raise ValueError("a member is either a bot or an agent")
        return self


class Queue(ExactModel):
    """Where conversations wait for, or are taken by, the members."""

    id: Id
    members: tuple[Member, ...] = ()

    def is_stranded(self, escalated: Collection[str]) -> bool:
        """True if it has nobody but bots that gave the conversation up, so that the customer would wait for ever."""
        return bool(self.members) and not self._willing(escalated)

    def candidates(self, escalated: Collection[str]) -> list[Member]:
        """The members that may take a conversation, the best first: by capacity, a human before an equal bot.

        A bot that escalated never gets the same conversation back (seed 000); a bot's capacity is not used up.
        """
        return sorted(self._willing(escalated), key=lambda member: (-member.capacity, member.bot is not None))

    def _willing(self, escalated: Collection[str]) -> list[Member]:
        return [member for member in self.members if member.bot is None or member.bot not in escalated]
