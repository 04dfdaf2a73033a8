"""The use cases of reading conversations, for supervisors and agents."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args

from shared.aside import Aside
from shared.clock import Clock
from shared.conversations.all_facts import of_all
from shared.conversations.changed_lines import Changes
from shared.conversations.contents import Contents, Download
from shared.conversations.conversation import ConversationWarning, WarningCode
from shared.conversations.due_actions import due_actions
from shared.conversations.extent import extent_of
from shared.conversations.fact import Fact
from shared.conversations.lists import Filter, Selection, Sort
from shared.conversations.order import last_activity
from shared.conversations.ports import ConversationStore, Head, HeadPage, Loaded
from shared.conversations.silence_policy import Attention
from shared.conversations.state import TRANSITIONS
from shared.conversations.traces import traced_decisions
from shared.conversations.transcript import Audience
from shared.conversations.transcript_page import MOST_LINES, TranscriptPage, TranscriptReader
from shared.dialects.registry import NOTE_KINDS, WARNINGS
from shared.errors import InvalidRequest, Mistake, UnknownConversation
from shared.events.envelope import parse_time
from shared.routing.trace import TracedDecision
from shared.tenants.configurations import Configurations
from shared.tenants.history import History
from shared.wire import replace

PAGE = 100

_MEMBERS = (
    "tenantId", "conversationId", "key", "state", "workStream", "queue", "bot", "agent", "channel", "customer",
    "contextVariables", "warnings", "startedAt", "lastActivityAt", "escalatedAt", "escalationReason",
    "closedAt", "closedBy", "closedReason", "closedNote", "botSession", "attention",
)  # fmt: skip


def conversation_document(head: Head, bot_session: Mapping[str, Any] | None) -> dict[str, Any]:
    """A head, and what it counts as, as the JSON document of an answer: every member of the contract, or null."""
    conversation = head.conversation
    document = conversation.model_dump(mode="json", by_alias=True)
    document["attention"] = head.attention
    document["contextVariables"] = {name: assigned.value for name, assigned in conversation.assignments.items()}
    document["warnings"] = [
        {"code": one.code, "detail": _detail(one), "count": one.count} for one in conversation.warnings
    ]
    if conversation.channel is not None:
        channel = conversation.channel
        document["channel"] = {
            "accountId": channel.account_id,
            "channelId": channel.channel_id,
            "threadId": channel.thread_id,
        }
    document["botSession"] = bot_session
    return {name: document[name] for name in _MEMBERS}


def _detail(warning: ConversationWarning) -> str:
    """What to look at; of a note of the reading its path, and the remedy that the payload doctor names."""
    if warning.code not in WARNINGS:
        return warning.detail
    _, remedy = NOTE_KINDS[warning.code]
    return f"{warning.detail}: {remedy}"


_FILTERS: Mapping[Filter, Sequence[str] | None] = {
    "state": tuple(TRANSITIONS),
    "queue": None,
    "bot": None,
    "channel": None,
    "attention": get_args(Attention),
    "warning": (*get_args(WarningCode), *sorted(WARNINGS)),
}
"""The filters of the list, each with its values; None: whatever a tenant calls something."""
LIST_PARAMETERS = (*_FILTERS, "from", "until", "sort", "continuation")
"""The query parameters of the list."""
_SORTS: tuple[Sort, ...] = ("started", "activity", "waiting")


def selection_named(params: Mapping[str, str]) -> Selection:
    """The list that query parameters ask for: by key if they name neither filter nor order. Raises InvalidRequest."""
    filters: dict[Filter, str] = {name: params[name] for name in _FILTERS if name in params}
    for name, value in filters.items():
        if (values := _FILTERS[name]) is not None and value not in values:
            raise InvalidRequest([Mistake(name, f"is none of {', '.join(values)}")])
    if "/" in filters.get("channel", ""):
        raise InvalidRequest(
            [Mistake("channel", "is the channel's own id, of whichever account: leave the account out")]
        )
    since, until = _time_named(params, "from"), _time_named(params, "until")
    if since and until and until <= since:
        raise InvalidRequest([Mistake("until", "is not after from, so no conversation is between them")])
    named = params.get("sort")
    if named is None:
        return Selection(filters, since, until, "started" if filters or since or until else "key")
    sort = next((sort for sort in _SORTS if sort == named), None)
    if sort is None:
        raise InvalidRequest([Mistake("sort", f"is none of {', '.join(_SORTS)}")])
    return Selection(filters, since, until, sort)


def lines_named(params: Mapping[str, str]) -> int:
    """How many lines the query parameter `limit` asks for at most. Raises InvalidRequest."""
    text = params.get("limit", str(MOST_LINES))
    if not re.fullmatch("[1-9][0-9]{0,2}", text) or int(text) > MOST_LINES:
        raise InvalidRequest([Mistake("limit", f"is no number from 1 to {MOST_LINES}")])
    return int(text)


def _time_named(params: Mapping[str, str], name: str) -> datetime | None:
    if name not in params:
        return None
    try:
        return parse_time(params[name])
    except ValueError as cause:
        raise InvalidRequest([Mistake(name, str(cause))]) from cause


@dataclass(frozen=True)
class Conversations:
    """Reads one tenant's conversations. Another tenant's conversation is unknown, like one that never existed."""

    store: ConversationStore
    contents: Contents
    configurations: Configurations
    clock: Clock
    aside: Aside = field(default_factory=Aside)

    async def page(self, tenant_id: str, selection: Selection, after: str | None) -> HeadPage:
        """Heads as of their last commit, in the list's order. Raises UnknownTenant, InvalidRequest."""
        await self.configurations.of(tenant_id)
        return await self.store.heads(tenant_id, selection, after, PAGE)

    async def one(self, tenant_id: str, key: str) -> Head:
        """The conversation's head, with last activity and attention as of now. Raises UnknownConversation."""
        loaded = await self._loaded(tenant_id, key)
        assert loaded.head is not None, "a loaded conversation has a head"
        history = await self.configurations.of(tenant_id)
        return await of_all(self.aside, loaded.facts, _as_of, loaded.head, loaded.facts, history, self.clock.now())

    async def transcript(
        self, tenant_id: str, key: str, audience: Audience, after: str | None = None, limit: int = MOST_LINES
    ) -> TranscriptPage:
        """Some of its lines in order. Raises UnknownConversation, OverflowUnavailable, InvalidRequest."""
        found = await self.store.read_head(tenant_id, key)
        if found is None:
            raise UnknownConversation
        reader = TranscriptReader(self.store, self.contents, self.configurations.pseudonyms)
        history = await self.configurations.of(tenant_id)
        return await reader.page(tenant_id, found[0].conversation, audience, after, limit, history)

    async def attachment(self, tenant_id: str, key: str, sha256: str) -> Download:
        """An attachment's content, unless its line was removed.

        Raises UnknownConversation, UnknownAttachment, OverflowUnavailable.
        """
        facts = (await self._loaded(tenant_id, key)).facts
        changes = Changes.among(facts)
        shown = [fact for fact in facts if not changes.removed(fact)]
        return await self.contents.download(tenant_id, key, shown, sha256)

    async def decisions(self, tenant_id: str, key: str) -> Sequence[TracedDecision]:
        """Its routing decisions, first to last. Raises UnknownConversation."""
        loaded = await self._loaded(tenant_id, key)
        assert loaded.head is not None, "a loaded conversation has a head"
        history = await self.configurations.of(tenant_id)
        made, facts = loaded.head.conversation.decisions, loaded.facts
        return await of_all(self.aside, facts, traced_decisions, made, facts, history)

    async def _loaded(self, tenant_id: str, key: str) -> Loaded:
        loaded = await self.store.load(tenant_id, key)
        if loaded.head is None:
            raise UnknownConversation
        return loaded


def _as_of(head: Head, facts: Sequence[Fact], history: History, now: datetime) -> Head:
    """The head with last activity and attention as of now."""
    due = due_actions(head.conversation, facts, head.archived, history, now)
    conversation = replace(head.conversation, last_activity_at=last_activity(extent_of(facts).own))
    return replace(head, conversation=conversation, attention=due.attention)
