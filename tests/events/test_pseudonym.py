"""Pseudonyms: ids that are stored for years are made of the same text for ever."""

import hmac

from hypothesis import given
from hypothesis import strategies as st

from shared.events.pseudonym import Pseudonyms
from shared.strict_json import canonical_json


@given(st.binary(min_size=1), st.lists(st.none() | st.text(), max_size=4))
def test_a_pseudonym_is_the_hmac_of_the_kind_and_the_names_as_canonical_json(
    secret: bytes, names: list[str | None]
) -> None:
    # given a tenant's secret, and any names, some of which are absent
    # when they get a pseudonym, then it is made of the text that every version of Patchbay makes of them
    expected = hmac.digest(secret, canonical_json(["fact", *names]).encode(), "sha256").hex()
    assert Pseudonyms(secret).of("fact", *names) == expected


def test_the_kind_and_each_name_count() -> None:
    # given names that differ in their kind, their number, or where one ends
    pseudonyms = Pseudonyms(b"secret")
    made = [
        pseudonyms.of("thread", "a", "b"),
        pseudonyms.of("customer", "a", "b"),
        pseudonyms.of("thread", "ab"),
        pseudonyms.of("thread", "a", "b", None),
        pseudonyms.of("thread", 'a","b'),
    ]
    # when they get pseudonyms, then no two are equal
    assert len(set(made)) == len(made)
