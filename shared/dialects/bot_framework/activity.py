"""A Bot Framework activity, read tolerantly: its sender, customer, text, time, id and attachments.

Each assumption is noted when its member is read, so `notes` are complete once the whole activity was read.
"""

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from shared.dialects.bot_framework.notes import ActivityCode
from shared.dialects.bot_framework.omnichannel import ChannelData, channel_data
from shared.dialects.bot_framework.presentation import said_by
from shared.dialects.bot_framework.sign_in import without_sign_in
from shared.dialects.dialect import TenantView, declared_sender
from shared.dialects.notes import Note
from shared.dialects.reading import MAX_EVENT_ID, event_id, fits_an_event
from shared.errors import InvalidActivity, Mistake
from shared.events.data import MAX_LOCALE, MAX_NAME, Customer
from shared.events.envelope import epoch_time, parse_time
from shared.strict_json import canonical_json

ROLES = {"bot": "bot", "skill": "bot", "0": "bot", "user": "customer", "1": "customer", "agent": "agent"}
_MAX_ID = 1024
_PLACEHOLDER = re.compile(r"<[^<>]*>")
"""An id that was redacted, such as `<REDACTED>`."""


@dataclass(frozen=True)
class Activity:
    """One activity as it came. The tenant's bots are known as bots where the activity names no role."""

    native: dict[str, Any]
    tenant: TenantView
    noted: dict[Note, None] = field(default_factory=dict, compare=False)

    def note(self, code: ActivityCode, path: str, reason: str) -> None:
        """Add a note, unless it is there already."""
        self.keep(Note(code, path, reason))

    def keep(self, note: Note) -> None:
        """Add a note that is made already."""
        self.noted[note] = None

    @property
    def notes(self) -> list[Note]:
        """The notes of what was assumed or left out so far."""
        return list(self.noted)

    def text(self, member: str = "text") -> str | None:
        """The text of a member; None if it is absent, empty or no text."""
        value = self.native.get(member)
        if value is not None and not isinstance(value, str):
            self.note("wrong_type", member, "is no text, so it is left out")
        return value if isinstance(value, str) and value else None

    @property
    def kind(self) -> str:
        """The activity's type, case-folded."""
        return str(self.native.get("type")).strip().casefold()

    @cached_property
    def thread_id(self) -> str:
        """The channel's own conversation id. Raises InvalidActivity."""
        conversation = self.native.get("conversation")
        thread_id = conversation.get("id") if isinstance(conversation, dict) else None
        if not isinstance(thread_id, str) or not 0 < len(thread_id) <= _MAX_ID:
            raise InvalidActivity([Mistake("conversation.id", f"is missing, or no text of 1 to {_MAX_ID} characters")])
        return thread_id

    @cached_property
    def time(self) -> str | None:
        """The timestamp as RFC 3339 (epoch seconds are rewritten); None where there is none. Raises InvalidActivity."""
        timestamp = self.native.get("timestamp")
        if timestamp is None:
            return None
        try:
            if isinstance(timestamp, int | float) and not isinstance(timestamp, bool):
                time = epoch_time(timestamp)
                self.note("epoch_time", "timestamp", f"is a number, taken for seconds since 1970: {time}")
                return time
            parse_time(str(timestamp))
        except ValueError as cause:
            raise InvalidActivity([Mistake("timestamp", str(cause))]) from cause
        return str(timestamp)

    @cached_property
    def channel_data(self) -> ChannelData:
        """The channel data, in which a channel or a bot gives the hub commands and contexts."""
        return channel_data(self.native, self.note)

    @property
    def client_id(self) -> str | None:
        """The id that the customer's client gave the line, which is the same when it sends the line again."""
        members = self.channel_data.members
        if not members or self.role != "customer":
            return None
        given = next((value for name, value in members.items() if name.casefold() == "clientactivityid"), None)
        return given if isinstance(given, str) and given else None

    @property
    def says_its_role(self) -> bool:
        """True if the activity names the sender's role, which is optional."""
        return self._given_role in ROLES

    @cached_property
    def role(self) -> str:
        """customer, bot or agent, from the sender's `role` (a name, or 0 for a bot and 1 for a user).

        Without a role, the sender is what it is configured as, else a bot if it gives a command, which customers never
        do.
        """
        if self.says_its_role:
            self._note_other_role(ROLES[self._given_role])
            return ROLES[self._given_role]
        role, why = "customer", "it is no configured bot"
        if self._declared:
            role, why = self._declared[0], "it is configured as one"
        elif self.channel_data.tags.is_command:
            role, why = "bot", "customers give no commands"
        if self._given_role not in ("", "none"):
            given = self._given_role[:40]
            self.note("role_unknown", "from.role", f"is {given!r}, so the sender counts as {role}: {why}")
        elif not self._declared:
            self.note("role_missing", "from.role", f"is missing, so the sender counts as {role}: {why}")
        return role

    @property
    def _given_role(self) -> str:
        return str(self._account("from").get("role", "")).strip().casefold()

    def _note_other_role(self, role: str) -> None:
        """Note a sender who is configured as a bot or an agent, and writes as a customer, such as to try things out."""
        if role == "customer" and self._declared:
            reason = f"is {self._given_role[:40]!r}, so the sender counts as customer, but is configured as"
            self.note("role_contradicted", "from.role", f"{reason} {self._declared[0]} {self._declared[1]}")

    @cached_property
    def author(self) -> dict[str, Any]:
        """The sender as a line's author."""
        name = self._account("from").get("name")
        author = {"role": self.role, "id": self._declared_as(self.role) or self._sender_id}
        return {
            **author,
            **({"name": name} if isinstance(name, str) else {}),
            **({"smartAssist": True} if self.role == "bot" and self._advises else {}),
        }

    @property
    def _advises(self) -> bool:
        """True if the bot's line is for the agent alone."""
        bot = self.tenant.bot(self._sender_id)
        return self.channel_data.tags.is_smart_assist or (bot is not None and bot.smart_assist)

    @cached_property
    def bot_id(self) -> str:
        """The sender's id in the configuration if it is a configured bot, else its native id."""
        return self._declared_as("bot") or self._sender_id

    @cached_property
    def _declared(self) -> tuple[str, str] | None:
        """The role and the declared id of a sender whom the configuration knows."""
        sender = self._account("from")
        return declared_sender(self.tenant, sender.get("id"), sender.get("aadObjectId"))

    def _declared_as(self, role: str) -> str | None:
        return self._declared[1] if self._declared and self._declared[0] == role else None

    @cached_property
    def _sender_id(self) -> str:
        given = self._account("from").get("id")
        if given is None:
            self.note("sender_unknown", "from.id", "is missing or no usable text, so the sender is called 'unknown'")
        return given or "unknown"

    @cached_property
    def customer(self) -> Customer:
        """The customer: who joined the conversation, the sender, or the recipient of a bot's or an agent's line."""
        member = "membersAdded" if self.joined else "from" if self.role == "customer" else "recipient"
        account = _account(self.joined) if self.joined else self._account(member)
        if account.get("id") is None and member == "recipient":
            account = self._related_user
            if account.get("id") is None:
                reason = "is missing, so the customer is called by conversation.id"
                self.note("customer_unknown", "recipient.id", reason)
        return Customer(
            id=account.get("id") or self.thread_id,
            name=self._shortened(account.get("name"), MAX_NAME, f"{member}.name"),
            locale=self._shortened(self.text("locale") or self._language, MAX_LOCALE, "locale") or None,
        )

    @property
    def joined(self) -> dict[str, Any] | None:
        """The first member added who is a customer: neither the recipient, nor a bot or an agent.

        The latter say so, or are configured so.
        """
        added = self.native.get("membersAdded")
        if added is None or self.kind != "conversationupdate":
            return None
        return next((one for one in (added if isinstance(added, list) else ()) if self._is_customer(one)), None)

    def _is_customer(self, member: Any) -> bool:
        if not isinstance(member, dict) or not member:
            return False
        own_id, role = member.get("id"), ROLES.get(str(member.get("role", "")).strip().casefold())
        if role is not None:
            return role == "customer"
        is_recipient = own_id is not None and self._account("recipient").get("id") == own_id
        return not is_recipient and declared_sender(self.tenant, own_id, member.get("aadObjectId")) is None

    @property
    def _related_user(self) -> dict[str, Any]:
        """The user that a hand-off relates to; Copilot Studio names no recipient there."""
        related = self.native.get("relatesTo")
        return _account(related.get("user")) if isinstance(related, dict) else {}

    @property
    def _language(self) -> Any:
        """The language that a Copilot Studio hand-off names (`En-US` in samples; its case does not matter)."""
        value = self.native.get("value")
        return value.get("va_Language") if isinstance(value, dict) else None

    def _shortened(self, value: Any, limit: int, path: str) -> str | None:
        if not isinstance(value, str):
            return None
        if len(value) > limit:
            self.note("shortened", path, f"has more than {limit} characters; the rest is left out")
        return value[:limit]

    @cached_property
    def attachments(self) -> list[dict[str, Any]]:
        """The attachments with our names for their members. Their other members are kept."""
        return self.attachments_without(())

    def attachments_without(self, left_out: Collection[str]) -> list[dict[str, Any]]:
        """The attachments but those at these paths."""
        return [
            _attachment(without_sign_in(item, path, self.note), number)
            for number, (path, item) in enumerate(self.native_attachments, 1)
            if path not in left_out
        ]

    @cached_property
    def native_attachments(self) -> list[tuple[str, dict[str, Any]]]:
        """Each readable attachment with its path, as it came."""
        given = self.native.get("attachments")
        if given is not None and not isinstance(given, list):
            self.note("attachment_unreadable", "attachments", "is no list, so it is left out")
        items = [(f"attachments[{n}]", item) for n, item in enumerate(given)] if isinstance(given, list) else []
        wrong = [path for path, item in items if not isinstance(item, dict)]
        if wrong:
            reason = "is no object, so it is left out" + (f" (and so are {len(wrong) - 1} more)" if wrong[1:] else "")
            self.note("attachment_unreadable", wrong[0], reason)
        return [(path, item) for path, item in items if isinstance(item, dict)]

    def event_id(self, suffix: str = "") -> str:
        """The native id and `#suffix`. A native id that is too long is hashed; without one, the content is hashed."""
        mark = f"#{suffix}" if suffix else ""
        native = self.text("id")
        if native is None:
            self.note("id_missing", "id", "is missing, so one is made of the content: what says the same counts once")
            native = "sha256:" + _sha256(canonical_json(said_by(self.native)))
        if not fits_an_event(native, mark):
            self.note("id_too_long", "id", f"has more than {MAX_EVENT_ID - len(mark)} characters, so its hash is used")
        return event_id(native, mark)

    def _account(self, member: str) -> dict[str, Any]:
        """The sender or the recipient. Its id is None if it is no usable text."""
        account = _account(self.native.get(member))
        given = account.get("id")
        if given is not None and _PLACEHOLDER.fullmatch(given):
            self.note("placeholder_id", f"{member}.id", f"is {given[:40]!r}: whoever is called so is taken for one")
        return account


def _account(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        return {}
    usable = isinstance(given.get("id"), str) and 0 < len(given["id"]) <= _MAX_ID
    return given if usable else {**given, "id": None}


def _attachment(item: dict[str, Any], number: int) -> dict[str, Any]:
    name, kind, url, size = (item.get(member) for member in ("name", "contentType", "contentUrl", "size"))
    renamed = {"name", "contentType", "contentUrl", "size", "url"}
    has_size = isinstance(size, int) and not isinstance(size, bool) and size >= 0
    return {
        **{member: value for member, value in item.items() if member not in renamed},
        "name": name if isinstance(name, str) and name else f"attachment-{number}",
        "contentType": kind if isinstance(kind, str) and kind else "application/octet-stream",
        **({"url": url} if isinstance(url, str) else {}),
        **({"size": size} if has_size else {}),
    }


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
