"""Posts a conversation's row to the ledger."""

from dataclasses import dataclass

from shared.conversations.conversation import Conversation
from shared.conversations.effect import Contribute, Effect
from shared.effects.handler import Done, KeptOut
from shared.tenants.configurations import Configurations
from shared.usage.ledger import Ledger, read_row
from shared.usage.period import first_month
from shared.usage.posting import post_or_correct


@dataclass(frozen=True)
class ContributeHandler:
    """Performs `Contribute`."""

    ledger: Ledger
    configurations: Configurations

    async def perform(self, tenant_id: str, conversation: Conversation, effect: Effect) -> Done | KeptOut:
        assert isinstance(effect, Contribute), "a handler gets effects of its kind"
        begun = first_month(await self.configurations.of(tenant_id))
        above = await post_or_correct(self.ledger, tenant_id, read_row(effect.row), effect.occasion, begun)
        return KeptOut(above) if above else Done()
