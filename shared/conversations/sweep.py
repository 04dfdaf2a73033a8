"""The sweep: finds conversations whose time has come, and has somebody look after them."""

import logging
from dataclasses import dataclass

from shared.clock import Clock
from shared.conversations.ports import ConversationStore, Head
from shared.conversations.record import Recorder
from shared.events.bus import EventPublisher
from shared.events.catalog import InactivityTimeout, TimeoutData
from shared.events.envelope import format_time
from shared.metrics import OVERDUE
from shared.telemetry import OFF, Telemetry
from shared.tenants.history import Configurations

SOURCE = "/patchbay/sweep"
"""The source of the questions that the sweep asks."""

_log = logging.getLogger(__name__)
_BATCH = 1000


@dataclass(frozen=True)
class Sweep:
    """Safe to run at any time, in any number."""

    conversations: ConversationStore
    configurations: Configurations
    recorder: Recorder
    publisher: EventPublisher
    clock: Clock
    telemetry: Telemetry = OFF

    async def run(self) -> int:
        """Perform left-over outboxes, and ask the question of silence where it is due; of how many conversations.

        A question that is not answered before the next run is asked once more, which does no harm.
        """
        seen = 0
        now = self.clock.now()
        for tenant_id in await self.configurations.tenants():
            questions = []
            keys = await self.conversations.due(tenant_id, now, _BATCH)
            for key in keys:
                found = await self.conversations.read_head(tenant_id, key)
                if found is not None and found[0].outbox:
                    await self._perform_left_over(tenant_id, key)
                elif found is not None:
                    questions.append(self._question(tenant_id, found[0]))
            await self.publisher.publish(tenant_id, questions)
            seen += len(keys)
        self.telemetry.metrics.show(OVERDUE, seen)
        return seen

    async def _perform_left_over(self, tenant_id: str, key: str) -> None:
        try:
            await self.recorder.perform_left_over(tenant_id, key)
        except Exception:
            # One conversation whose effect fails must not keep the others behind it waiting.
            _log.exception("an outbox is left over", extra={"tenant": tenant_id, "key": key})

    def _question(self, tenant_id: str, head: Head) -> InactivityTimeout:
        now = format_time(self.clock.now())
        return InactivityTimeout(
            specversion="1.0",
            id=f"sweep:{head.revision}:{now}",
            source=SOURCE,
            type="inactivity.timeout",
            subject=head.conversation.conversation_id,
            time=now,
            tenantid=tenant_id,
            datacontenttype="application/json",
            data=TimeoutData(due_at=format_time(head.attention_at) if head.attention_at else now),
        )
