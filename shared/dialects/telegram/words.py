"""What a Telegram message that is neither text nor a file says, in plain words."""

from collections.abc import Callable, Mapping
from typing import Any, TypeGuard

from shared.dialects.telegram.message import name_of, text_in

_Words = Callable[[Mapping[str, Any]], str | None]


def _listed(*parts: object) -> str:
    return ", ".join(str(part) for part in parts if part not in (None, ""))


def _is_list(value: Any) -> TypeGuard[list[Any]]:
    return isinstance(value, list)


def _place(place: Mapping[str, Any]) -> str:
    return _listed(place.get("latitude"), place.get("longitude"))


def _venue(venue: Mapping[str, Any]) -> str:
    where = venue.get("location")
    named = _listed(text_in(venue, "title"), text_in(venue, "address"))
    return f"Place: {_listed(named, f'at {_place(where)}' if isinstance(where, dict) else None)}"


def _contact(contact: Mapping[str, Any]) -> str:
    return f"Contact: {_listed(name_of(contact), text_in(contact, 'phone_number'))}"


def _several(title: str, items: Any) -> str:
    """A title, and the text of each item on a line of its own."""
    texts = [text_in(item, "text") for item in items if isinstance(item, dict)] if isinstance(items, list) else []
    return "\n".join([title, *(f"- {text}" for text in texts if text)])


def _poll(poll: Mapping[str, Any]) -> str:
    return _several(f"Poll: {text_in(poll, 'question') or ''}".rstrip(), poll.get("options"))


def _checklist(checklist: Mapping[str, Any]) -> str:
    return _several(f"Checklist: {text_in(checklist, 'title') or ''}".rstrip(), checklist.get("tasks"))


def _dice(dice: Mapping[str, Any]) -> str:
    return f"{text_in(dice, 'emoji') or 'Dice'}: {dice.get('value')}"


def _game(game: Mapping[str, Any]) -> str:
    return f"Game: {_listed(text_in(game, 'title'), text_in(game, 'description'))}"


def _amount(payment: Mapping[str, Any]) -> str:
    # Currencies differ in their decimals, so the amount stands as Telegram has it.
    return f"{payment.get('total_amount')} {text_in(payment, 'currency') or ''}".rstrip() + " in its smallest unit"


def _invoice(invoice: Mapping[str, Any]) -> str:
    return f"Invoice: {_listed(text_in(invoice, 'title'), _amount(invoice))}"


def _web_app(answer: Mapping[str, Any]) -> str | None:
    return text_in(answer, "button_text") or text_in(answer, "data")


def _users(shared: Mapping[str, Any]) -> str:
    users, ids = shared.get("users"), shared.get("user_ids")
    named = [name_of(one) or one.get("user_id") for one in users if isinstance(one, dict)] if _is_list(users) else []
    # As it was before Bot API 7.2, and before 7.0.
    return f"Users: {_listed(*(named or (ids if _is_list(ids) else [shared.get('user_id')])))}"


def _chat(shared: Mapping[str, Any]) -> str:
    return f"Chat: {_listed(text_in(shared, 'title') or text_in(shared, 'username') or shared.get('chat_id'))}"


def _story(story: Mapping[str, Any]) -> str:
    chat = story.get("chat")
    return f"Story of {name_of(chat) or 'somebody'}" if isinstance(chat, dict) else "Story"


WORDS: Mapping[str, _Words] = {
    "venue": _venue,
    "location": lambda location: f"Location: {_place(location)}",
    "contact": _contact,
    "poll": _poll,
    "checklist": _checklist,
    "dice": _dice,
    "game": _game,
    "invoice": _invoice,
    "successful_payment": lambda payment: f"Payment: {_amount(payment)}",
    "refunded_payment": lambda payment: f"Refund: {_amount(payment)}",
    "paid_media": lambda media: f"Paid media: {media.get('star_count')} stars",
    "web_app_data": _web_app,
    "users_shared": _users,
    "user_shared": _users,
    "chat_shared": _chat,
    "story": _story,
    "giveaway": lambda _: "Giveaway",
    "giveaway_winners": lambda _: "Winners of a giveaway",
    "gift": lambda _: "Gift",
    "unique_gift": lambda _: "Gift",
}
"""The words for each member of a message that says something; of several the first is taken. A venue has a location,
too, and a game an animation."""
