"""Webhooks of WhatsApp, written after Meta's documentation of the Cloud API."""

import hashlib
import hmac
from typing import Any

NUMBER_ID = "106540352242922"
"""The business's telephone number, as Meta calls it; contoso's channel names it."""
ZOE = "420777123456"
AT = 1792494000


def message(number: int = 1, kind: str = "text", body: Any = None, **members: Any) -> dict[str, Any]:
    """A customer's message; members that are None are left out."""
    usual = {
        "from": ZOE,
        "id": f"wamid.{number}",
        "timestamp": str(AT + number),
        "type": kind,
        kind: {"body": "Dobrý den 👋"} if body is None else body,
    }
    return {name: value for name, value in {**usual, **members}.items() if value is not None}


def webhook(*messages: Any, field: str = "messages", number_id: str | None = NUMBER_ID, **value: Any) -> dict[str, Any]:
    """A body with one change that holds these messages; `value` replaces members of the change's value."""
    contact = {"profile": {"name": "Zoë Nováková"}, "wa_id": ZOE}
    usual: dict[str, Any] = {
        "messaging_product": "whatsapp",
        "metadata": {"display_phone_number": "420555000111", "phone_number_id": number_id},
        "contacts": [contact],
        "messages": list(messages),
    }
    members = {name: given for name, given in {**usual, **value}.items() if given is not None}
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "102290129340398", "changes": [{"value": members, "field": field}]}],
    }


def status(state: str = "delivered", number: int = 1, **members: Any) -> dict[str, Any]:
    return {"id": f"wamid.out.{number}", "status": state, "timestamp": str(AT), "recipient_id": ZOE, **members}


def statuses(*reports: Any) -> dict[str, Any]:
    return webhook(messages=None, contacts=None, statuses=list(reports))


def echo(text: str = "We are looking into it.", **members: Any) -> dict[str, Any]:
    """What somebody wrote to the customer in the WhatsApp Business app, in a webhook."""
    said = {**message(9, body={"body": text}), "from": "420555000111", "to": ZOE, "id": "wamid.echo", **members}
    return webhook(messages=None, contacts=None, message_echoes=[said], field="smb_message_echoes")


def signature(body: bytes, secret: str) -> dict[str, str]:
    """The header with which Meta signs a body."""
    return {"X-Hub-Signature-256": f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"}


IMAGE = {"caption": "my card", "mime_type": "image/jpeg", "sha256": "9f86d081", "id": "1003383421387256"}
DOCUMENT = {"filename": "účet.pdf", "mime_type": "application/pdf", "sha256": "60303ae2", "id": "1376223850470843"}
CARD = {"name": {"formatted_name": "Jan Novák", "first_name": "Jan"}, "phones": [{"phone": "+420 777 000 111"}]}
PLACE = {"latitude": 50.0755, "longitude": 14.4378, "name": "Branch", "address": "Václavské náměstí 1"}
LIST_REPLY = {"type": "list_reply", "list_reply": {"id": "loan", "title": "A loan", "description": "for a house"}}
BUTTON_REPLY = {"type": "button_reply", "button_reply": {"id": "yes", "title": "Yes"}}
ORDER = {"catalog_id": "1", "text": "for Friday", "product_items": [{"product_retailer_id": "SKU1", "quantity": 2}]}
FORM: dict[str, Any] = {"type": "nfm_reply", "nfm_reply": {"body": "Sent", "name": "flow", "response_json": "{}"}}
EDIT = {"original_message_id": "wamid.7", "message": {"type": "text", "text": {"body": "at eight"}}}
RIGHT_WEBHOOKS: list[Any] = [
    webhook(message()),
    webhook(message(1), message(2, "image", IMAGE), message(3, "document", DOCUMENT, context={"id": "wamid.1"})),
    webhook(message(4, "contacts", [CARD]), message(5, "location", PLACE)),
    webhook(message(6, "interactive", LIST_REPLY), message(7, "button", {"text": "Yes", "payload": "yes"})),
    webhook(message(9, "edit", EDIT), message(10, "order", ORDER), message(11, "interactive", FORM)),
    webhook(message(12, "system", {"type": "user_changed_number", "wa_id": "420777999999"})),
    webhook(message(8, "reaction", {"message_id": "wamid.out.1", "emoji": "👍"})),
    statuses(status("sent"), status("failed", errors=[{"code": 131026, "title": "Message undeliverable"}])),
    echo(),
]
