"""One conversation of the sample: whose it is, and its steps in the words of a story."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from local.sample.texts import ADVICE, Part, phrase


@dataclass(frozen=True)
class Step:
    moment: datetime
    who: str
    what: str


@dataclass(frozen=True)
class Chat:
    """One conversation: whose, about what, in which variation."""

    tenant: str
    number: int
    part: Part
    native_id: str
    customer: str
    texts: tuple[str, str, str]
    context: Mapping[str, str | int]
    steps: tuple[Step, ...]

    @property
    def path(self) -> str:
        return f"/api/tenants/{self.tenant}/channels/{self.part.account}/{self.part.channel}"

    @property
    def customer_id(self) -> str:
        return f"customer-{self.native_id[:12]}"

    def text(self, step: Step) -> str:
        locale, question, answer = self.texts
        if step.who == "assistant":
            return ADVICE
        return {"question": question, "answer": answer}.get(step.what) or phrase(locale, step.what)

    def handoff(self, step: Step) -> Mapping[str, str | int]:
        """The context variables of an escalation; `refer` is one to the second line's bot."""
        return {"BotHandoffTopic": "Technical"} if step.what == "refer" else self.context
