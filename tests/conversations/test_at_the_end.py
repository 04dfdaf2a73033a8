"""A bot after the end, such as one that asks how it went: it is a bot session, though people alone had talked."""

from typing import Any

import pytest

from shared.conversations.conversation import Conversation
from shared.conversations.fold import fold
from shared.events.catalog import Event
from tests.builders import contoso, ended, fact_of, history, message, started
from tests.conversations.pipelines import NOW

HUMANS = {"BotHandoffTopic": "HomeLoan"}
END = "2026-10-31T23:50:00Z"


def after_an_agents_end(*events: Event) -> Conversation:
    """A conversation that people alone had, until an agent ended it on the last evening of October."""
    talk = (
        started(at="2026-10-31T23:40:00Z", context_variables=HUMANS),
        message(at="2026-10-31T23:41:00Z", event_id="hello", role="agent", author_id="ana"),
        ended(at=END, ended_by="agent"),
    )
    return fold("contoso", "c1", [fact_of(event, NOW) for event in (*talk, *events)], history(contoso()))


def said(at: str, **members: Any) -> Event:
    return message(at=at, event_id="survey", **{"role": "bot", "text": "How was it?", **members})


@pytest.mark.parametrize("at", ["2026-10-31T23:51:00Z", "2026-11-01T00:05:00Z", "2026-11-01T00:20:00Z"])
def test_a_survey_within_half_an_hour_is_a_session_of_the_day_of_the_end(at: str) -> None:
    [invocation] = after_an_agents_end(said(at)).bot_activity.invocations
    assert (invocation.bot, invocation.at.isoformat()) == ("contoso-bot", "2026-10-31T23:50:00+00:00")


@pytest.mark.parametrize(
    "line",
    [
        said("2026-11-01T00:20:01Z"),
        said("2026-10-31T23:51:00Z", visibility="private"),
        said("2026-10-31T23:51:00Z", author_id="nobodys-bot"),
        said("2026-10-31T23:51:00Z", role="agent"),
    ],
    ids=["later", "private", "undeclared", "a person"],
)
def test_what_comes_later_or_is_no_public_line_of_a_declared_bot_is_none(line: Event) -> None:
    assert after_an_agents_end(line).bot_activity.invocations == ()
