"""Keys: every conversation id has its own, which fits into a URL's path and into a document's id as it is."""

import hashlib
import posixpath
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.events.conversation_key import conversation_key

# ids as they occur: with blanks, slashes, pipes, only dots, what looks like a key, and beyond the Basic Plane
REAL = ["91hc|0000005", "19:x@thread.v2", "guid/guid", "<REDACTED>", "C-1.2_3", "~Li4", "...", "%2F", "\U0001f600 \x00"]
LONG = st.text("\U0001f600\u20ac/a", min_size=150, max_size=256)
IDS = st.text(min_size=1, max_size=256) | st.text("ab.-_~/|", min_size=1, max_size=256) | LONG | st.sampled_from(REAL)


@given(IDS)
@example(".")
@example("..")
def test_a_key_is_one_segment_of_a_path_and_needs_no_escaping(id_: str) -> None:
    # given any conversation id
    key = conversation_key(id_)
    # then its key stays as it is in a URL, and no client shortens the path
    assert quote(key, safe="") == key
    assert posixpath.normpath(f"/conversations/{key}/transcript") == f"/conversations/{key}/transcript"


@given(IDS)
@example("\U0001f600" * 256)
def test_a_key_fits_into_a_document_id(id_: str) -> None:
    # given any conversation id, also the longest that an event may have
    # then the ledger's document id, which holds its key, is one that Cosmos takes
    assert len(f"session:{conversation_key(id_)}".encode()) <= 1023


@given(st.lists(IDS, min_size=2, max_size=2, unique=True))
def test_two_ids_have_two_keys(ids: list[str]) -> None:
    # given two conversation ids, then their keys differ
    assert conversation_key(ids[0]) != conversation_key(ids[1])


@given(IDS)
def test_an_id_that_looks_like_a_key_is_not_taken_for_it(id_: str) -> None:
    # given an id, and another one that is the first one's key
    key = conversation_key(id_)
    # then they share a key only where they are the same
    assert (conversation_key(key) == key) is (key == id_)


@pytest.mark.parametrize(
    ("id_", "key"),
    [
        ("c1", "c1"),
        ("contoso-chat.webchat.4711.1", "contoso-chat.webchat.4711.1"),
        ("A_b-c.D", "A_b-c.D"),
        ("x" * 256, "x" * 256),
        (".", "~Lg"),
        ("...", "~Li4u"),
        ("~c1", "~fmMx"),
        ("91hc|0000005", "~OTFoY3wwMDAwMDA1"),
        ("c1\n", "~YzEK"),
        ("é", "~w6k"),
        ("\u20ac" * 225, "~" + "4oKs" * 225),
        ("\u20ac" * 226, "~~" + hashlib.sha256(("\u20ac" * 226).encode()).hexdigest()),
    ],
)
def test_a_url_safe_id_is_its_own_key_and_any_other_is_encoded(id_: str, key: str) -> None:
    # given an id, then its key is the id, or ~ and its base64url, or ~~ and its hash where that would be too long
    assert conversation_key(id_) == key
