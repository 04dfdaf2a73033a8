"""What a conversation's facts tell of its customer: the newest name and locale that somebody gave. Pure."""

from shared.conversations.conversation import Conversation
from shared.conversations.fact import Fact
from shared.events.catalog import Event
from shared.events.data import MAX_LOCALE, MAX_NAME, Customer
from shared.wire import replace


def customer_after(conversation: Conversation, event: Event) -> Customer | None:
    """The conversation's customer once this line is folded. One who is called by the thread wrote all lines of it."""
    customer, author = conversation.customer, event.author
    if customer is None or author is None or author.role != "customer":
        return customer
    if author.id != customer.id and (conversation.channel is None or conversation.channel.thread_id != customer.id):
        return customer
    locale = (event.data.model_extra or {}).get("locale")
    return known_as(customer, author.name, locale if isinstance(locale, str) else None)


def known_as(customer: Customer, name: str | None, locale: str | None) -> Customer:
    """The customer with this name and locale, where they are given."""
    name, locale = name[:MAX_NAME] if name else customer.name, locale[:MAX_LOCALE] if locale else customer.locale
    if (name, locale) == (customer.name, customer.locale):
        return customer
    return replace(customer, name=name, locale=locale)


def tells_of_customer(conversation: Conversation, fact: Fact) -> bool:
    """True if the fact says of the customer what the conversation does not. Which fact is newest, only all can tell."""
    return customer_after(conversation, fact.event) is not conversation.customer
