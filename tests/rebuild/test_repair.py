"""A repair writes what the facts say where it differs, and a comparison then finds nothing; closed months stay."""

from shared.errors import StoreUnavailable
from shared.usage.correction import CORRECTION
from shared.usage.ledger import SESSIONS, LedgerRow, read_row
from shared.wire import replace
from tests.builders import ended, escalated, message, started
from tests.conversations.pipelines import InMemory, Pipelines
from tests.fakes import MemoryConversations, MemoryLedger

OCTOBER, NOVEMBER = "2026-10", "2026-11"


class Broken:
    """A pipeline with three conversations of October and one of November, and what somebody may do to its stores."""

    def __init__(self, ledger: MemoryLedger | None = None, in_memory: Pipelines = InMemory) -> None:
        self.conversations, self.ledger = MemoryConversations(), ledger or MemoryLedger()
        self.pipeline = in_memory(conversations=self.conversations, ledger=self.ledger)

    async def recorded(self) -> "Broken":
        await self.pipeline.configured()
        await self.pipeline.record(
            started("c1", at="2026-10-31T23:00:00Z"),
            message("c1", at="2026-10-31T23:01:00Z", role="bot"),
            escalated("c1", at="2026-10-31T23:02:00Z", context_variables={"BotHandoffTopic": "CreditCard"}),
            message("c1", at="2026-10-31T23:03:00Z", role="agent"),
            ended("c1", at="2026-10-31T23:04:00Z"),
            started("c2", at="2026-10-31T10:00:00Z"),
            started("c3", at="2026-10-05T10:00:00Z"),
            started("c4", at="2026-11-05T10:00:00Z"),
        )
        return self

    def lose_head(self, key: str) -> None:
        self.conversations._partitions["contoso", key].head = None

    def lose_row(self, month: str, key: str) -> LedgerRow:
        return read_row(self.ledger.lose("contoso", SESSIONS, month, key))

    def miscount(self, month: str, day: str) -> None:
        self.ledger.counters("contoso", month, day)["counted", ""] += 1

    async def differences(self) -> list[str]:
        return (await self.pipeline.rebuild.compare("contoso")).differences

    async def repaired(self) -> list[str]:
        found = (await self.pipeline.rebuild.compare("contoso")).found
        return list(await self.pipeline.repair.repair("contoso", found))

    async def outcomes(self) -> list[object]:
        return [await self.pipeline.outcome(key) for key in ("c1", "c2", "c3", "c4")]


async def test_what_was_lost_and_miscounted_is_found_and_repaired(ledger: MemoryLedger | None = None) -> None:
    # Given what was recorded, then a head, a row, a tampered queue and a day that are not what they were
    store = await Broken(ledger).recorded()
    before = await store.outcomes()
    store.lose_head("c1")
    store.lose_row(OCTOBER, "c2")
    store.miscount(OCTOBER, "2026-10-05")
    loaded = await store.conversations.load("contoso", "c4")
    assert loaded.head is not None
    assert loaded.etag is not None
    tampered = replace(loaded.head, conversation=replace(loaded.head.conversation, queue="Nowhere"))
    await store.conversations.save_head("contoso", "c4", tampered, loaded.etag)
    # When it is compared, then all of them are found
    assert await store.differences() == [
        "c1: there are facts, and no head",
        "c4: the head differs",
        "2026-10: the row of c2 differs",
        "2026-10: the days are not what the rows add up to",
    ]
    # and when it is repaired, then each is named, nothing differs, and all is as before
    assert await store.repaired() == [
        "2026-10: the counters of 2026-10-05 are what the rows add up to",
        "2026-10: the counters of 2026-10-31 are what the rows add up to",
        "c1: head, decisions and row are what its 5 facts make them",
        "c2: head, decisions and row are what its 1 facts make them",
        "c4: head, decisions and row are what its 1 facts make them",
    ]
    assert await store.differences() == []
    assert await store.outcomes() == before
    assert await store.pipeline.books_balance()
    # and there is nothing more to be repaired
    assert await store.repaired() == []


async def test_what_comes_after_a_repair_counts_though_the_head_began_anew(in_memory: Pipelines = InMemory) -> None:
    # Given a conversation whose head was lost after several commits, and repaired
    store = await Broken(in_memory=in_memory).recorded()
    revision = (await store.ledger.rows("contoso", OCTOBER, None, None, 1)).rows[0].revision
    assert revision > 0
    store.lose_head("c1")
    await store.repaired()
    # When its earlier start moves the session to another day
    await store.pipeline.record(started("c1", at="2026-10-30T23:00:00Z", event_id="earlier"))
    # Then the ledger takes the new row, since no revision was given out twice
    assert await store.differences() == []
    row = await store.ledger.row("contoso", OCTOBER, "c1")
    assert row is not None
    assert (row.day, row.revision > revision) == ("2026-10-30", True)


async def test_a_row_in_a_wrong_month_becomes_a_tombstone() -> None:
    # Given a session that also stands in a month to which it does not belong
    store = await Broken().recorded()
    row = await store.ledger.row("contoso", OCTOBER, "c1")
    assert row is not None
    await store.ledger.post("contoso", row.model_copy(update={"month": NOVEMBER, "day": "2026-11-01", "revision": 99}))
    assert await store.differences() == ["2026-11: the row of c1 differs"]
    # When it is repaired, then it counts in its own month only
    await store.repaired()
    assert await store.differences() == []
    assert [one.key for one in (await store.ledger.rows("contoso", NOVEMBER, True, None, 10)).rows] == ["c4"]
    assert await store.pipeline.books_balance()


async def test_a_closed_month_stays_and_what_it_lacks_becomes_a_correction() -> None:
    # Given an October that was closed, after which a row of it was lost, and a day edited
    store = await Broken().recorded()
    await store.pipeline.usage.roll_up_all()
    assert (await store.ledger.books("contoso", OCTOBER)).closed_at is not None
    store.lose_row(OCTOBER, "c2")
    store.miscount(OCTOBER, "2026-10-05")
    books = await store.ledger.books("contoso", OCTOBER)
    rows = (await store.ledger.rows("contoso", OCTOBER, None, None, 10)).rows
    # When it is repaired
    assert await store.differences() == [
        "2026-10: the row of c2 and its corrections differ",
        "2026-10: the days are not what the rows add up to",
    ]
    assert await store.repaired() == [
        "2026-10: the counters of 2026-10-05, 2026-10-31 stay, because the month is closed",
        "c2: head, decisions and row are what its 1 facts make them",
    ]
    # Then October is, byte for byte, what it was, and the session stands as a correction in November
    assert await store.ledger.books("contoso", OCTOBER) == books
    assert (await store.ledger.rows("contoso", OCTOBER, None, None, 10)).rows == rows
    [correction] = (await store.ledger.corrections("contoso", NOVEMBER, None, 10)).corrections
    assert (correction.key, correction.origin_month, correction.sessions) == ("c2", OCTOBER, 1)
    assert correction.occasion is not None
    assert correction.occasion.type == "conversation.started"
    # and what stays wrong in it is still said
    assert await store.differences() == ["2026-10: the days are not what the rows add up to"]


async def test_a_lost_correction_is_made_again() -> None:
    # Given a session that came after the closing, and whose correction was lost
    store = await Broken().recorded()
    await store.pipeline.usage.roll_up_all()
    await store.pipeline.record(started("c5", at="2026-10-06T10:00:00Z"))
    [correction] = (await store.ledger.corrections("contoso", NOVEMBER, None, 10)).corrections
    store.ledger.lose("contoso", CORRECTION, NOVEMBER, correction.id)
    # When it is repaired, then it is there, and counted once
    await store.repaired()
    assert await store.differences() == []
    [again] = (await store.ledger.corrections("contoso", NOVEMBER, None, 10)).corrections
    assert again.model_copy(update={"revision": correction.revision}) == correction


async def test_a_row_without_facts_stays_because_nobody_knows_what_it_should_be() -> None:
    store = await Broken().recorded()
    del store.conversations._partitions["contoso", "c4"]
    assert await store.differences() == ["2026-11: the row of c4 differs"]
    assert await store.repaired() == ["c4: is left as it is, because there are no facts of it"]
    assert (await store.ledger.books("contoso", NOVEMBER)).days["2026-11-05"]["counted", ""] == 1


class Refusing(MemoryLedger):
    """A ledger that refuses the rows of one conversation, as a store that is throttled."""

    refused: str | None = None

    async def post(self, tenant_id: str, row: LedgerRow) -> int:
        if row.key == self.refused:
            raise StoreUnavailable("throttled")
        return await super().post(tenant_id, row)


async def test_one_conversation_that_fails_keeps_no_other_waiting() -> None:
    # Given two conversations without a head, and a ledger that does not take the row of the first
    ledger = Refusing()
    store = await Broken(ledger).recorded()
    store.lose_head("c1")
    store.lose_head("c2")
    ledger.refused = "c1"
    # When they are repaired, then the first says why not, and the other one is right
    first, second = await store.repaired()
    assert first == (
        "c1: head and decisions are what its 5 facts make them; effects are left over: contribute (store_unavailable)"
    )
    assert second == "c2: head, decisions and row are what its 1 facts make them"
    assert await store.differences() == ["c1: effects are left over"]
    # and when the store is back, then the first is, too
    ledger.refused = None
    await store.repaired()
    assert await store.differences() == []


class Recording(MemoryLedger):
    """A ledger before whose pages something is recorded, as functions do meanwhile; the first time only."""

    def __init__(self) -> None:
        super().__init__()
        self.meanwhile: list[InMemory] = []

    async def months(self, tenant_id: str) -> list[str]:
        while self.meanwhile:
            await self.meanwhile.pop().record(
                started("new"), started("c1", event_id="earlier", at="2026-10-01T00:00:00Z")
            )
        return list(await super().months(tenant_id))


async def test_what_is_recorded_during_a_comparison_is_no_difference(in_memory: Pipelines = InMemory) -> None:
    # Given a conversation, and functions that record another one and change it, after the facts were read
    ledger = Recording()
    pipeline = await in_memory(ledger=ledger).configured()
    await pipeline.record(started("c1"))
    ledger.meanwhile.append(pipeline)
    # When it is compared, then nothing differs
    assert (await pipeline.rebuild.compare("contoso")).differences == []
    assert await ledger.row("contoso", OCTOBER, "new") is not None
