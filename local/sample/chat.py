"""One story of the sample as it is played: its tenant, its people and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from local.sample.cast import BOTS, EXPERTISE
from local.sample.stories import Arrival, Part
from local.sample.texts import ADVICE, BUTTONS, EDITED, OFFER, phrase


@dataclass(frozen=True)
class Step:
    """Who does what, and when; and when word of it arrives."""

    moment: datetime
    who: str
    what: str
    arrives: Arrival = "prompt"


@dataclass(frozen=True)
class Chat:
    """One story as played by one tenant and one customer, with its texts and context variables."""

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
        """The channel's webhook."""
        return f"/api/tenants/{self.tenant}/channels/{self.part.account}/{self.part.channel}"

    @property
    def dialect(self) -> str:
        """The channel's dialect: `telegram`, `cloudEvents` or `botFramework`."""
        kinds = {"telegram": "telegram", "app": "cloudEvents"}
        return kinds.get(self.part.account.rpartition("-")[2], "botFramework")

    @property
    def customer_id(self) -> str:
        return f"customer-{self.native_id[:12]}"

    def text(self, number: int) -> str:
        """What is said in the step, or what a line says once the step has changed it."""
        step, (locale, question, answer) = self.steps[number], self.texts
        if step.who == "assistant":
            return ADVICE
        if step.what == "edit":
            return f"{self.text(self.line_changed(number))} {EDITED}"
        said = {"question": question, "answer": answer, "offer": OFFER, "press": BUTTONS["yes"]}
        return said.get(step.what) or phrase(locale, step.what)

    def line_changed(self, number: int) -> int:
        """The number of the step whose line is edited or removed: the newest one of the same author."""
        who = self.steps[number].who
        changes = ("edit", "removal")
        return max(n for n, step in enumerate(self.steps[:number]) if step.who == who and step.what not in changes)

    def handoff(self, step: Step) -> Mapping[str, str | int]:
        """The context variables of an escalation; `refer` escalates to the tenant's second bot."""
        return {"BotHandoffTopic": EXPERTISE[self.tenant]} if step.what == "refer" else self.context

    def bot(self, step: Step) -> tuple[str, str, str]:
        """Id, app id and name of the bot that speaks in the step, or that is spoken to."""
        return BOTS[self.tenant, step.who if step.who in ("expert", "assistant") else "bot"]
