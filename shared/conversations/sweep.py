"""The sweep: looks after conversations whose time has come, and performs what a crash left over."""

from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.ports import ConversationStore
from shared.conversations.record import Recorder
from shared.tenants.history import Configurations

_BATCH = 100


@dataclass(frozen=True)
class Sweep:
    """Safe to run at any time, in any number."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    clock: Clock

    async def run(self) -> int:
        """Perform the left-over outboxes of every tenant; how many conversations were seen to."""
        seen = 0
        for tenant_id in await self.configurations.tenants():
            while keys := await self.conversations.due(tenant_id, self.clock.now(), _BATCH):
                for key in keys:
                    await self.recorder.perform_left_over(tenant_id, key)
                seen += len(keys)
        return seen
