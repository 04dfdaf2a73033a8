"""Senders whom the tenant declares: where a payload names no role, the configuration does, for every dialect."""

from typing import Any

import pytest

from shared.dialects.bot_framework.reader import read_activity
from shared.dialects.reading import Reading
from shared.dialects.telegram.reader import read_update
from shared.tenants.configuration import Configuration
from tests.builders import small
from tests.functions.hosts import activity

OBJECT_ID = "5d0cae1c-0000-4000-8000-0000000000aa"
APP_ID = "7d0cae1c-0000-4000-8000-000000000001"


def tenant() -> Configuration:
    agents = [{"id": "ana", "name": "Ana", "objectId": OBJECT_ID.upper()}, {"id": "4711", "name": "Ben"}]
    return small(agents=agents, bots=[{"id": "b1", "name": "B", "appId": APP_ID}])


def said_by(sender: dict[str, Any]) -> Reading:
    return read_activity(activity(**{"from": sender}), tenant())


@pytest.mark.parametrize(
    "sender",
    [
        {"id": "ana"},
        {"id": OBJECT_ID},
        {"id": f"8:orgid:{OBJECT_ID}"},
        {"id": "29:opaque", "aadObjectId": OBJECT_ID},
        {"id": "ana", "role": ""},
        {"id": "ana", "role": "human"},
    ],
)
def test_a_declared_agent_whose_activity_names_no_role_is_an_agent(sender: dict[str, Any]) -> None:
    # given an activity of an agent whom the tenant declares, by any id that Microsoft's channels give
    # when it is read
    reading = said_by(sender)
    # then the line is the agent's, under the declared id, and begins no conversation after another
    [draft] = reading.drafts
    assert (draft.data["author"]["role"], draft.data["author"]["id"]) == ("agent", "ana")
    assert reading.begins == "ifFirst"


@pytest.mark.parametrize(
    ("sender", "role", "author_id"),
    [
        ({"id": "ana", "role": "user"}, "customer", "ana"),
        ({"id": "b1"}, "bot", "b1"),
        ({"id": "b2", "role": " Bot "}, "bot", "b2"),
        ({"id": f"28:{APP_ID}"}, "bot", "b1"),
        ({"id": "anna"}, "customer", "anna"),
        ({"id": OBJECT_ID, "role": "agent"}, "agent", "ana"),
    ],
)
def test_a_role_that_is_named_counts_and_who_is_not_declared_is_a_customer(
    sender: dict[str, Any], role: str, author_id: str
) -> None:
    [draft] = said_by(sender).drafts
    assert (draft.data["author"]["role"], draft.data["author"]["id"]) == (role, author_id)


@pytest.mark.parametrize("sender", ["ana", "b1", f"28:{APP_ID}"])
def test_a_declared_sender_who_writes_as_a_customer_is_a_warning(sender: str) -> None:
    reading = said_by({"id": sender, "role": "user"})
    assert [note.code for note in reading.notes] == ["role_contradicted"]


def test_a_declared_agent_who_writes_in_telegram_is_an_agent() -> None:
    # given a group in which a declared agent writes, whose id here is that of Telegram
    sender = {"id": 4711, "is_bot": False, "first_name": "Ben"}
    message = {"message_id": 1, "date": 1_790_000_000, "chat": {"id": -100}, "from": sender, "text": "Hello"}
    # when the update is read
    reading = read_update({"update_id": 1, "message": message}, tenant())
    # then the line is the agent's, and begins no conversation after another
    assert reading.drafts[0].data["author"] == {"role": "agent", "id": "4711", "name": "Ben"}
    assert reading.begins == "ifFirst"
