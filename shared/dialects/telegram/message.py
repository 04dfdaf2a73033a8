"""A Telegram message: its chat and topic, its number, who wrote it, and when.

A thread is a chat, a topic of a forum, or a chat of a business account that a bot serves.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeGuard

from shared.dialects.dialect import TenantView, declared_sender
from shared.dialects.reading import event_id
from shared.errors import InvalidActivity, Mistake
from shared.events.conversation_event import Begins
from shared.events.data import MAX_LOCALE, MAX_NAME, Customer, Role
from shared.events.envelope import epoch_time

_MAX_ID = 128


@dataclass(frozen=True)
class Message:
    """A message, or another part of an update that names a chat. `path`: its place in the update, with a dot."""

    native: Mapping[str, Any]
    path: str
    tenant: TenantView

    @cached_property
    def chat(self) -> Mapping[str, Any]:
        return members_of(self.native, "chat")

    @cached_property
    def chat_id(self) -> str:
        """Raises InvalidActivity."""
        return str(whole(self.chat, "id", f"{self.path}chat."))

    @property
    def thread_id(self) -> str:
        """The thread in which the message stands. Raises InvalidActivity."""
        connection = text_in(self.native, "business_connection_id")
        if connection and len(connection) > _MAX_ID:
            raise InvalidActivity(
                [Mistake(f"{self.path}business_connection_id", f"has more than {_MAX_ID} characters")]
            )
        # The same customer may have a chat with the bot itself, under the same number.
        chat = f"{connection}:{self.chat_id}" if connection else self.chat_id
        return chat if self.topic is None else f"{chat}:{self.topic}"

    @property
    def is_forum(self) -> bool:
        return self.chat.get("is_forum") is True

    @property
    def topic(self) -> int | None:
        """The topic of a forum. Elsewhere, and in a forum's general topic, the number is that of a chain of replies."""
        number = self.native.get("message_thread_id")
        is_of_topic = self.native.get("is_topic_message") is True or "reply_to_message" not in self.native
        return number if self.is_forum and is_of_topic and is_whole(number) else None

    @property
    def line_id(self) -> str:
        """The id of the message's line, which an edit names again. Raises InvalidActivity.

        A group that becomes a supergroup, and stays the same thread, counts its messages anew.
        """
        return self.id_of(whole(self.native, "message_id", self.path))

    def id_of(self, number: int) -> str:
        """The id of the line of this chat's message with the number."""
        return event_id(f"{'supergroup' if self.chat.get('type') == 'supergroup' else 'message'}:{number}")

    def time(self, member: str) -> str:
        """The time in a member, which has whole seconds. Raises InvalidActivity."""
        try:
            return epoch_time(whole(self.native, member, self.path))
        except ValueError as cause:
            raise InvalidActivity([Mistake(f"{self.path}{member}", str(cause))]) from cause

    @cached_property
    def sender(self) -> Mapping[str, Any]:
        """Who wrote it: a person, a bot, or a chat in whose name somebody writes, as in channels; empty if unknown."""
        candidates = (members_of(self.native, name) for name in ("sender_business_bot", "sender_chat", "from"))
        return next((one for one in candidates if is_whole(one.get("id"))), {})

    @cached_property
    def role(self) -> str:
        """customer, bot or agent; the last is who is declared, or writes for a business account to its customers."""
        if self.sender.get("is_bot") is True:
            return "bot"
        if self._declared is not None:
            return self._declared[0]
        for_business = self.native.get("business_connection_id") and str(self.sender.get("id")) != self.chat_id
        return "agent" if for_business else "customer"

    @property
    def author(self) -> dict[str, Any]:
        """The sender as a line's author. Raises InvalidActivity."""
        known_as = self._declared[1] if self._declared else self._writer.id
        return {"role": self.role, "id": known_as, "name": self._writer.name}

    @property
    def customer(self) -> Customer:
        """The customer of the thread: the sender, else whom the chat is with. Raises InvalidActivity."""
        return self._writer if self.role == "customer" else person(self.chat, self.chat_id)

    @cached_property
    def _declared(self) -> tuple[Role, str] | None:
        return declared_sender(self.tenant, self._writer.id)

    @cached_property
    def _writer(self) -> Customer:
        return person(self.sender, self.chat_id)

    @property
    def begins(self) -> Begins:
        return "always" if self.role == "customer" else "ifFirst"


def person(native: Mapping[str, Any], otherwise: str) -> Customer:
    """A user or a chat as a customer, who is called `otherwise` if it has no id."""
    locale = native.get("language_code")
    return Customer(
        id=str(native["id"]) if is_whole(native.get("id")) else otherwise,
        name=name_of(native),
        locale=locale[:MAX_LOCALE] if isinstance(locale, str) else None,
    )


def name_of(native: Mapping[str, Any]) -> str | None:
    """What a user, a chat or a contact is called; None if nothing is said."""
    names = [native[part] for part in ("first_name", "last_name") if isinstance(native.get(part), str)]
    name = " ".join(names) or text_in(native, "title")
    return name[:MAX_NAME] if name else None


def members_of(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """The object in a member; an empty one if there is none."""
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def text_in(document: Mapping[str, Any], name: str) -> str | None:
    """The text in a member; None if there is none."""
    value = document.get(name)
    return value if isinstance(value, str) and value else None


def is_whole(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def whole(document: Mapping[str, Any], member: str, path: str) -> int:
    """The whole number in a member. Raises InvalidActivity."""
    value = document.get(member)
    if not is_whole(value):
        raise InvalidActivity([Mistake(f"{path}{member}", "is missing, or no whole number")])
    return value
