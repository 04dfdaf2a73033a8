"""Updates, deletions and reactions of Bot Framework: the change of a line, or a line that asks nobody."""

from typing import Any

import pytest

from shared.dialects.bot_framework.reader import read_activity
from shared.dialects.reading import Reading
from tests.builders import contoso
from tests.functions.hosts import activity, bot_activity

AT = "2026-10-20T11:00:05Z"


def read(**members: Any) -> Reading:
    return read_activity(activity(**{"id": "m7", "timestamp": AT, **members}), contoso())


def test_an_update_and_a_deletion_change_the_line_of_their_id() -> None:
    updated, deleted = read(type="messageUpdate", text="at eight"), read(type="messageDelete", text=None)
    drafts = [draft for one in (updated, deleted) for draft in one.drafts]
    assert [(one.type, one.data["messageId"]) for one in drafts] == [("message.changed", "m7")] * 2
    assert (drafts[0].data["text"], drafts[1].data["removed"]) == ("at eight", True)
    assert drafts[0].data["author"] == read(type="message").drafts[0].data["author"]
    assert (updated.begins, deleted.begins, updated.time) == ("never", "never", AT)


def test_each_update_of_a_message_is_an_event_of_its_own_and_the_same_when_it_comes_again() -> None:
    def ids(*documents: dict[str, Any]) -> set[str]:
        return {draft.id for one in documents for draft in read(**one).drafts}

    once = {"type": "messageUpdate", "text": "at eight"}
    assert len(ids(once, {**once, "locale": "de"}, {**once, "timestamp": "2026-10-20T11:00:05.000Z"})) == 1
    assert len(ids(once, {**once, "text": "at nine"}, {**once, "timestamp": "2026-10-20T11:00:06Z"})) == 3


def test_a_message_that_has_only_a_file_now_has_no_text() -> None:
    (draft,) = read(type="messageUpdate", text=None, attachments=[{"contentType": "image/png"}]).drafts
    assert (draft.data["text"], len(draft.data["attachments"])) == ("", 1)


def test_a_reaction_is_a_line_that_asks_nobody() -> None:
    added = [{"type": "like"}, {"type": "yes-tone2"}]
    reading = read(type="messageReaction", text=None, replyToId="m6", reactionsAdded=added)
    (draft,) = reading.drafts
    assert (draft.type, draft.data["text"], draft.data["reaction"]) == ("message.posted", "👍 yes-tone2", True)
    assert (draft.data["replyToId"], reading.begins) == ("m6", "ifFirst")


@pytest.mark.parametrize(
    ("members", "code"),
    [
        ({"type": "messageUpdate", "text": None}, "empty_message"),
        ({"type": "messageDelete", "id": None}, "change_without_line"),
        ({"type": "messageReaction", "reactionsRemoved": [{"type": "like"}]}, "reaction_removed"),
        ({"type": "messageReaction", "reactionsAdded": "like"}, "reaction_removed"),
    ],
)
def test_what_changes_nothing_is_ignored_with_its_reason(members: dict[str, Any], code: str) -> None:
    reading = read(**members)
    assert (list(reading.drafts), [note.code for note in reading.ignored]) == ([], [code])


def test_a_bot_changes_its_own_line() -> None:
    said = bot_activity(type="messageUpdate", id="b1", timestamp=AT, text="Hello!")
    (draft,) = read_activity(said, contoso()).drafts
    assert (draft.data["author"]["role"], draft.data["messageId"]) == ("bot", "b1")
