"""Finds conversations by native ids of threads and customers, which only a body may hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from shared.conversations.customer import customer_id
from shared.conversations.lists import Selection
from shared.conversations.ports import ConversationStore, Head, HeadPage
from shared.errors import InvalidRequest
from shared.events.conversation_key import conversation_key
from shared.events.data import ChannelReference, Name, NativeId
from shared.strict_json import parse_json
from shared.tenants.configurations import Configurations
from shared.threads.resolve import Threads
from shared.wire import ExactModel, validate

PAGE = 100


class _Channel(ExactModel):
    account_id: Name
    channel_id: Name

    @property
    def reference(self) -> ChannelReference:
        return ChannelReference(**dict(self))


class _Thread(_Channel):
    thread_id: NativeId


class _Customer(ExactModel):
    id: NativeId


class ThreadSought(ExactModel):
    """Whoever sends this asks for the conversations of a channel's thread."""

    channel: _Thread


class CustomerSought(ExactModel):
    """Whoever sends this asks for a channel's customer."""

    channel: _Channel
    customer: _Customer


_THREAD: TypeAdapter[ThreadSought] = TypeAdapter(ThreadSought)
_CUSTOMER: TypeAdapter[CustomerSought] = TypeAdapter(CustomerSought)


def read_thread(body: bytes) -> ThreadSought:
    """Raises InvalidRequest."""
    return validate(_THREAD, parse_json(body, InvalidRequest), InvalidRequest)


def read_customer(body: bytes) -> CustomerSought:
    """Raises InvalidRequest."""
    return validate(_CUSTOMER, parse_json(body, InvalidRequest), InvalidRequest)


def found_document(heads: Sequence[Head]) -> list[dict[str, Any]]:
    """The conversations that were found, as JSON."""
    return [{"key": head.conversation.key, "state": head.conversation.state} for head in heads]


@dataclass(frozen=True)
class Finder:
    """Finds one tenant's conversations. Each method raises UnknownTenant, and UnknownAccount for a wrong channel."""

    store: ConversationStore
    threads: Threads
    configurations: Configurations

    async def in_thread(self, tenant_id: str, sought: ThreadSought) -> Sequence[Head]:
        """The recorded ones among the thread's 100 newest conversations, the newest first."""
        channel = sought.channel.reference
        ids = await self.threads.known(tenant_id, channel)
        if not ids:
            await self._check(tenant_id, channel)
        found = [await self.store.read_head(tenant_id, conversation_key(one)) for one in ids[:PAGE]]
        return [head for head, _ in filter(None, found)]

    async def of_customer(self, tenant_id: str, sought: CustomerSought, after: str | None) -> tuple[str, HeadPage]:
        """Our id of the customer, and a page of the customer's conversations, in order of key."""
        channel = sought.channel.reference
        customer = customer_id(await self.configurations.pseudonyms(tenant_id), channel, sought.customer.id)
        page = await self.store.heads(tenant_id, Selection({"customer": customer}), after, PAGE)
        if not page.heads:
            await self._check(tenant_id, channel)
        return customer, page

    async def _check(self, tenant_id: str, channel: ChannelReference) -> None:
        """Raises UnknownAccount, since nothing was found, if the tenant declares no such channel."""
        configuration = (await self.configurations.of(tenant_id)).latest.configuration
        named = channel.account_id, channel.channel_id
        if configuration.channel(*named) is None:
            raise configuration.unknown_channel(*named)
