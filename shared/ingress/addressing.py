"""Finds the conversation that a channel's payload belongs to; it begins one if need be."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from shared.conversations.fact import fact_id
from shared.conversations.ports import ConversationStore
from shared.dialects.reading import Reading
from shared.events.claim_check import CheckedIn
from shared.events.content import NATIVE_ID
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference
from shared.events.envelope import counted_moment, parse_time
from shared.ingress.changed_line import conversation_of_line
from shared.threads.resolve import Beginning, PseudonymsOf, Resolved, Threads


@dataclass(frozen=True)
class Addressing:
    """Asks the threads, and the conversations where a payload may be known to one of them already."""

    threads: Threads
    conversations: ConversationStore
    pseudonyms: PseudonymsOf

    async def conversation_of(
        self,
        tenant_id: str,
        channel: ChannelReference,
        reading: Reading,
        drafts: Sequence[CheckedIn],
        moment: datetime,
        now: datetime,
    ) -> Resolved:
        """The conversation that a payload with these drafts belongs to, which counts at this moment."""
        assumed = reading.time is None or moment != parse_time(reading.time)
        # With an assumed time a retry comes with another one, and could be taken for a line of the next conversation.
        if assumed:
            known = await self.threads.known(tenant_id, channel)
            if recorded := await self._recorded_in(tenant_id, known, drafts):
                return recorded
        for draft in drafts:
            line = await conversation_of_line(
                self.threads, self.conversations, self.pseudonyms, tenant_id, channel, draft.event
            )
            if line is not None:
                return Resolved(line, None)
        # What changes a line belongs where the line does.
        place = counted_moment(parse_time(reading.line_time), now) if reading.line_time else moment
        resolved = await self._resolved(tenant_id, channel, reading, drafts, place)
        if reading.begins != "always" and resolved.previous is not None:
            # Before the end of the conversation before was known, the activity belonged there, and stayed.
            return await self._recorded_in(tenant_id, [resolved.previous], drafts) or resolved
        return resolved

    async def _resolved(
        self,
        tenant_id: str,
        channel: ChannelReference,
        reading: Reading,
        drafts: Sequence[CheckedIn],
        moment: datetime,
    ) -> Resolved:
        beginning = Beginning(reading.customer, reading.begins, reading.context)

        async def is_recorded_in(conversation_id: str) -> bool:
            return await self._recorded_in(tenant_id, [conversation_id], drafts) is not None

        # A client that sends a line again gives it another time, which may be after the end.
        may_be_repeated = any(NATIVE_ID in draft.event.attributes for draft in drafts)
        known = is_recorded_in if may_be_repeated else None
        return await self.threads.resolve(tenant_id, channel, moment, beginning, is_recorded_in=known)

    async def _recorded_in(
        self, tenant_id: str, conversation_ids: Sequence[str], drafts: Sequence[CheckedIn]
    ) -> Resolved | None:
        """The first of these conversations in which one of these events is recorded already."""
        pseudonyms = await self.pseudonyms(tenant_id)
        for conversation_id in conversation_ids:
            key = conversation_key(conversation_id)
            for draft in drafts:
                recorded = fact_id(pseudonyms, conversation_id, draft.event.source, draft.event.id)
                if await self.conversations.read_fact(tenant_id, key, recorded) is not None:
                    return Resolved(conversation_id, None)
        return None
