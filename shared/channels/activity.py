"""A Bot Framework activity, read tolerantly: who says what, when, under which id."""

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from shared.channels.dialect import MAX_EVENT_ID
from shared.channels.omnichannel import channel_data, command
from shared.errors import InvalidActivity, Mistake
from shared.events.catalog import MAX_LOCALE, MAX_NAME, Customer
from shared.events.envelope import epoch_time, parse_time
from shared.tenants.configuration import Configuration
from shared.wire import canonical_json

_ROLES = {"bot": "bot", "skill": "bot", "0": "bot", "user": "customer", "1": "customer", "agent": "agent"}
_MAX_ID = 1024


@dataclass(frozen=True)
class Activity:
    """One activity as it came, and the configuration that tells bots from people where it does not say."""

    native: dict[str, Any]
    configuration: Configuration

    def text(self, member: str = "text") -> str | None:
        """A member that is text; None where it is absent, empty or something else."""
        value = self.native.get(member)
        return value if isinstance(value, str) and value else None

    @cached_property
    def thread_id(self) -> str:
        """The channel's conversation. Raises InvalidActivity."""
        conversation = self.native.get("conversation")
        thread_id = conversation.get("id") if isinstance(conversation, dict) else None
        if not isinstance(thread_id, str) or not 0 < len(thread_id) <= _MAX_ID:
            raise InvalidActivity([Mistake("conversation.id", f"is missing, or no text of 1 to {_MAX_ID} characters")])
        return thread_id

    @cached_property
    def time(self) -> str | None:
        """The timestamp as RFC 3339 (epoch seconds are rewritten); None where there is none. Raises InvalidActivity."""
        given = self.native.get("timestamp")
        if given is None:
            return None
        try:
            if isinstance(given, int | float) and not isinstance(given, bool):
                return epoch_time(given)
            parse_time(str(given))
        except ValueError as cause:
            raise InvalidActivity([Mistake("timestamp", str(cause))]) from cause
        return str(given)

    @property
    def says_its_role(self) -> bool:
        """Whether the sender's role is on the wire, where it is optional."""
        return self._given_role in _ROLES

    @cached_property
    def role(self) -> str:
        """customer, bot or agent: as the sender's `role` says (a name, or 0 bot and 1 user).

        Without one, a bot is who is configured as one, or who gives a command, as customers never do.
        """
        if self.says_its_role:
            return _ROLES[self._given_role]
        sender = self._account("from")
        known = sender.get("id") and self.configuration.bot(sender["id"])
        return "bot" if known or command(channel_data(self.native)) else "customer"

    @property
    def _given_role(self) -> str:
        return str(self._account("from").get("role", "")).casefold()

    @cached_property
    def author(self) -> dict[str, Any]:
        """The sender as a line's author."""
        sender = self._account("from")
        author = {"role": self.role, "id": self.bot_id if self.role == "bot" else sender.get("id") or "unknown"}
        return {**author, "name": sender["name"]} if isinstance(sender.get("name"), str) else author

    @cached_property
    def bot_id(self) -> str:
        """The sender's id in the configuration where it is a known bot, else its native id."""
        native = str(self._account("from").get("id") or "unknown")
        bot = self.configuration.bot(native)
        return bot.id if bot else native

    @cached_property
    def customer(self) -> Customer:
        """Who the conversation is with: the sender, or the recipient of what a bot or an agent says."""
        side = self._account("from" if self.role == "customer" else "recipient")
        name = side.get("name")
        return Customer(
            id=side.get("id") or self.thread_id,
            name=name[:MAX_NAME] if isinstance(name, str) else None,
            locale=(self.text("locale") or "")[:MAX_LOCALE] or None,
        )

    @cached_property
    def attachments(self) -> list[dict[str, Any]]:
        """The attachments by our names; what else each of them holds is kept."""
        given = self.native.get("attachments")
        items = [item for item in given if isinstance(item, dict)] if isinstance(given, list) else []
        return [_attachment(item, number) for number, item in enumerate(items, 1)]

    def event_id(self, suffix: str = "") -> str:
        """The native id, marked by what is made of it; hashed where it is too long, or where there is none."""
        mark = f"#{suffix}" if suffix else ""
        native = self.text("id") or "sha256:" + _sha256(canonical_json(self.native))
        return native + mark if len(native + mark) <= MAX_EVENT_ID else f"sha256:{_sha256(native)}{mark}"

    def _account(self, member: str) -> dict[str, Any]:
        """The sender or the recipient; an id that is no usable text counts as none."""
        account = self.native.get(member)
        if not isinstance(account, dict):
            return {}
        usable = isinstance(account.get("id"), str) and 0 < len(account["id"]) <= _MAX_ID
        return account if usable else {**account, "id": None}


def _attachment(item: dict[str, Any], number: int) -> dict[str, Any]:
    name, kind, url = item.get("name"), item.get("contentType"), item.get("contentUrl")
    renamed = {"name", "contentType", "contentUrl", "size", "url"}
    return {
        **{member: value for member, value in item.items() if member not in renamed},
        "name": name if isinstance(name, str) and name else f"attachment-{number}",
        "contentType": kind if isinstance(kind, str) and kind else "application/octet-stream",
        **({"url": url} if isinstance(url, str) else {}),
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
