"""One story of the sample as it is played: its tenant, its people and its steps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from local.sample.cast import BOTS, EXPERTISE
from local.sample.stories import Part
from local.sample.texts import ADVICE, phrase


@dataclass(frozen=True)
class Step:
    """Who does what, and when; a `late` step arrives only on 2 November."""

    moment: datetime
    who: str
    what: str
    late: bool = False


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

    def text(self, step: Step) -> str:
        locale, question, answer = self.texts
        if step.who == "assistant":
            return ADVICE
        return {"question": question, "answer": answer}.get(step.what) or phrase(locale, step.what)

    def handoff(self, step: Step) -> Mapping[str, str | int]:
        """The context variables of an escalation; `refer` escalates to the tenant's second bot."""
        return {"BotHandoffTopic": EXPERTISE[self.tenant]} if step.what == "refer" else self.context

    def bot(self, step: Step) -> tuple[str, str, str]:
        """Id, app id and name of the bot that speaks in the step, or that is spoken to."""
        return BOTS[self.tenant, "expert" if step.who == "expert" else "bot"]
