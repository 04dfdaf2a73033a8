"""Parts of the Cosmos adapters that need no service: tokens, counters' names, what errors mean."""

from collections import Counter

import pytest
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError, ServiceResponseTimeoutError
from azure.cosmos.exceptions import CosmosHttpResponseError
from hypothesis import given
from hypothesis import strategies as st

from shared.azure.cosmos.containers import CONTAINERS
from shared.azure.cosmos.day_documents import counter_name, counts_of, guarded_patches
from shared.azure.cosmos.failures import OperationFailed, TransientFailure, meaning_of, wait_before_another_try
from shared.azure.cosmos.session import SessionTokens
from shared.bounded_cache import BoundedCache
from shared.contributions.counters import recount
from shared.conversations.bot_activity import BotActivity
from shared.errors import DocumentTooLarge
from shared.usage.ledger import LedgerRow

PARTITION = ("contoso", "c1")


def test_the_furthest_token_stays_whatever_comes_last() -> None:
    # Given tokens of one range that come in another order than they were given
    tokens = SessionTokens()
    for token in ("0:-1#5", "0:-1#12", "0:-1#9"):
        tokens.note(PARTITION, token)
    # Then the furthest stays
    assert tokens.of(PARTITION) == "0:-1#12"
    # and after a split the new range's, whatever its number
    tokens.note(PARTITION, "3:1#4#7=2")
    assert tokens.of(PARTITION) == "3:1#4#7=2"
    # and only what it is now can be discarded
    tokens.discard(PARTITION, "0:-1#12")
    assert tokens.of(PARTITION) == "3:1#4#7=2"
    tokens.discard(PARTITION, "3:1#4#7=2")
    assert tokens.of(PARTITION) is None
    assert tokens.of(("contoso", "c2")) is None


def test_what_was_put_first_is_forgotten_first() -> None:
    cache = BoundedCache[str, int](2)
    for value, key in enumerate(["a", "b", "a", "c"]):
        cache.put(key, value)
    assert [cache.get(key) for key in "abc"] == [2, None, 3]


@given(st.lists(st.tuples(st.sampled_from(["counted", "byBot", "byChannel"]), st.text()), max_size=6))
def test_counters_of_any_name_come_back(names: list[tuple[str, str]]) -> None:
    # Given counters of things that administrators and senders named
    document = {"counts": {counter_name(*name): n for n, name in enumerate(names, 1)}}
    # Then their names may stand in a patch's path, and come back
    assert all(name.replace("_", "").replace("-", "").isalnum() and name.isascii() for name in document["counts"])
    assert set(counts_of(document)) == set(names)


def _row(draw_day: str, bots: tuple[str, ...], channel: str, counted: bool) -> LedgerRow:
    return LedgerRow(
        policy="bot-session-2020/1",
        month=draw_day[:7],
        day=draw_day,
        conversation_id="c1",
        key="c1",
        revision=1,
        excluded=None if counted else "no_bot",
        started_at=None,
        proof=None,
        bots=bots,
        account="a",
        channel=channel,
        work_stream=channel,
        escalated=False,
        activity=BotActivity(),
    )


_rows = st.builds(
    _row,
    st.sampled_from(["2026-10-01", "2026-10-02"]),
    st.tuples(st.text(min_size=1)),
    st.sampled_from(["x", "y"]),
    st.booleans(),
)


@given(old=st.none() | _rows, new=_rows)
def test_patches_turn_the_old_count_into_the_new_and_guard_every_day(old: LedgerRow | None, new: LedgerRow) -> None:
    # Given a row that replaces another one, or none
    patches = guarded_patches(old, new)
    # When the patches are applied to a count of the old one
    days = recount([old] if old else [])
    for _, (document_id, changes), guards in patches:
        assert guards
        assert 1 <= len(changes) <= 10
        for change in changes:
            step = {"counts": {change["path"].removeprefix("/counts/"): change["value"]}}
            days.setdefault(document_id.removeprefix("day:"), Counter()).update(counts_of(step))
    # Then that is a count of the new one, and each row's day was looked at
    left = {day: {name: n for name, n in counts.items() if n} for day, counts in days.items()}
    assert {day: counts for day, counts in left.items() if counts} == recount([new])
    assert {arguments[0] for _, arguments, _ in patches} == {f"day:{row.day}" for row in (old, new) if row}


def answer(status: int, sub_status: int | None = None) -> CosmosHttpResponseError:
    return CosmosHttpResponseError(status, "told", sub_status=sub_status)  # type: ignore[no-untyped-call]  # the SDK's


@pytest.mark.parametrize(
    "error",
    [
        *map(answer, (408, 410, 429, 449, 500, 502, 503, 504)),
        answer(404, 1002),
        answer(403, 3),
        ServiceRequestError("refused"),
        ServiceResponseTimeoutError("slow"),
    ],
)
def test_what_passes_is_tried_again(error: CosmosHttpResponseError) -> None:
    meant = meaning_of(error)
    assert isinstance(meant, TransientFailure)
    assert wait_before_another_try(meant) is True


@pytest.mark.parametrize("status", [404, 409, 412])
def test_an_answer_about_a_document_is_no_failure(status: int) -> None:
    meant = meaning_of(answer(status))
    assert isinstance(meant, OperationFailed)
    assert (meant.status, meant.index) == (status, 0)
    assert wait_before_another_try(meant) is False


@pytest.mark.parametrize(
    "error", [answer(400), answer(401), answer(403), answer(404, 1003), ClientAuthenticationError()]
)
def test_what_nobody_here_can_mend_is_raised_as_it_is(error: CosmosHttpResponseError) -> None:
    assert meaning_of(error) is error
    assert wait_before_another_try(error) is False


def test_what_is_too_large_is_refused() -> None:
    assert isinstance(meaning_of(answer(413)), DocumentTooLarge)


def test_a_pause_that_the_service_asks_for_is_no_shorter_and_not_the_same_for_all() -> None:
    pauses = {wait_before_another_try(TransientFailure("throttled", 0.2)) for _ in range(10)}
    assert len(pauses) > 1
    assert all(0.2 <= pause <= 0.3 for pause in pauses)


def test_only_what_is_named_is_indexed_and_partitions_begin_with_the_tenant() -> None:
    for definition in CONTAINERS:
        policy = definition.indexing_policy
        assert policy["excludedPaths"] == [{"path": "/*"}]
        assert definition.members[0] == "tenantId"
        # and the key's own members, without which a query looks at other tenants' documents, too
        included = [each["path"] for each in policy["includedPaths"]]
        assert included[: len(definition.partition_key)] == [f"{path}/?" for path in definition.partition_key]
    assert len({definition.id for definition in CONTAINERS}) == len(CONTAINERS)
