"""What a port declares of people is true of its tables: what goes with its conversation is gone once that is."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from shared.contributions.row import Rows
from shared.conversations.ports import ConversationStore
from shared.effects.archive import Archive
from shared.embedded.archive import FolderArchive
from shared.embedded.conversations import EmbeddedConversations
from shared.embedded.database import Database
from shared.embedded.ledger import EmbeddedLedger, EmbeddedReports
from shared.embedded.overflow import EmbeddedOverflow
from shared.embedded.tenants import EmbeddedConfigurations, EmbeddedParkedEvents
from shared.embedded.threads import EmbeddedThreads
from shared.events.bus import DeadLetters, EventPublisher
from shared.events.catalog import Event
from shared.events.claim_check import check_in
from shared.events.envelope import format_time
from shared.events.overflow import Overflow, publish
from shared.ingress.parked_event import ParkedEvents
from shared.personal_data import Deleted, declared
from shared.tenants.configurations import ConfigurationStore
from shared.threads.resolve import ThreadStore
from shared.usage.ledger import Ledger
from shared.usage.monthly_usage import UsageReports
from tests.builders import PSEUDONYMS, contoso, ended, escalated, message, started
from tests.conversations.pipelines import NOW, InMemory
from tests.seeds import AGENT_NAME, CUSTOMER_ID, CUSTOMER_NAME, SUMMARY, TEXT
from tests.test_personal_data import PORTS

TABLES: Mapping[str, type] = {
    **dict.fromkeys(("facts", "heads", "warnings", "decisions", "beside"), ConversationStore),
    **dict.fromkeys(("messages", "deliveries"), EventPublisher),
    **dict.fromkeys(("ledger_days", "ledger_months"), Ledger),
    **dict.fromkeys(("configurations", "secrets"), ConfigurationStore),
    "contributions": Rows,
    "threads": ThreadStore,
    "reports": UsageReports,
    "parked": ParkedEvents,
    "overflow": Overflow,
}
"""Whose each table of the embedded database is."""
THREAD_ID = "+49 170 1234567"
"""A thread's native id, as a channel of telephone numbers has it."""
DAY = timedelta(days=1)
OF_PEOPLE = (CUSTOMER_ID, CUSTOMER_NAME, AGENT_NAME, TEXT, SUMMARY, THREAD_ID)
LONG_TEXT = TEXT + "x" * 300_000


def test_every_table_is_a_ports(database: Database) -> None:
    found = database.query("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
    assert {row["name"] for row in found} == set(TABLES)
    assert {*TABLES.values(), Archive, DeadLetters} == set(PORTS)


async def over(database: Database, archive: Path, conversations: ConversationStore) -> InMemory:
    """A pipeline on the database with an ended conversation of all that is of people, and a refused event."""
    ports: dict[str, Any] = {
        "conversations": conversations,
        "thread_store": EmbeddedThreads(database),
        "configuration_store": EmbeddedConfigurations(database),
        "ledger": EmbeddedLedger(database),
        "reports": EmbeddedReports(database),
        "parked": EmbeddedParkedEvents(database),
        "overflow": EmbeddedOverflow(database),
        "archive": FolderArchive(archive),
    }
    pipeline = await InMemory(**ports).configured()
    channel = {"accountId": "contoso-chat", "channelId": "webchat", "threadId": THREAD_ID}
    usual: dict[str, Any] = {"conversation": None, "at": format_time(NOW), "channel": channel}
    long_line = {"id": "h", "author": {"role": "customer", "id": CUSTOMER_ID}, "text": LONG_TEXT}
    events: list[Event] = [
        started(**usual),
        message(**usual),
        message(**usual, event_id="m2", role="agent"),
        escalated(**usual, transcript=[long_line]),
        ended(**usual),
        message(**{**usual, "channel": {**channel, "channelId": "elsewhere"}}, event_id="refused"),
    ]
    checked_in = [check_in(event) for event in events]
    await publish(pipeline.publisher, pipeline.overflow, "contoso", PSEUDONYMS, checked_in, NOW)
    await pipeline.drain()
    return pipeline


async def passes(pipeline: InMemory, time: timedelta) -> None:
    """So much time passes; then what the timers do is done."""
    pipeline.clock.advance(time)
    await pipeline.sweep.run()
    await pipeline.drain()
    await pipeline.parked_event_service.forget_expired()


def kept(database: Database, archive: Path) -> dict[type, set[str]]:
    """What of people is found behind each port."""
    texts: dict[type, list[str]] = {port: [] for port in (*TABLES.values(), Archive)}
    for table, port in TABLES.items():
        texts[port] += [str(value) for row in database.query(f"SELECT * FROM {table}") for value in tuple(row)]
    texts[Archive] = [each.read_text(encoding="utf-8") for each in archive.rglob("*.json")]
    return {port: {each for each in OF_PEOPLE if any(each in text for text in found)} for port, found in texts.items()}


async def left(database: Database, archive: Path, conversations: ConversationStore) -> dict[str, set[str]]:
    """What is left, by port, of what goes with its conversation or by its age; of threads, only what goes."""
    pipeline = await over(database, archive, conversations)
    await passes(pipeline, 2 * DAY)
    # Every port that could keep something of it does, so that what goes was there.
    before = kept(database, archive)
    assert before[ConversationStore] == before[Archive] == set(OF_PEOPLE)
    assert all(before[port] for port in before if goes(port))
    await passes(pipeline, timedelta(days=contoso().retention_days))
    after = kept(database, archive)
    # What a thread declares to stay is its channel's own id.
    after[ThreadStore].remove(THREAD_ID)
    return {port.__name__: found for port, found in after.items() if goes(port) and found}


def goes(port: type) -> bool:
    """Whether the port declares that personal data goes by itself from where they are kept."""
    declaration = declared(port)
    assert declaration is not None
    return declaration.deleted in (Deleted.WITH_ITS_CONVERSATION, Deleted.BY_AGE)


async def test_what_goes_with_its_conversation_or_by_its_age_is_gone(database: Database, tmp_path: Path) -> None:
    # given a conversation and a refused event, when their retention is over, then nothing of people is left of them
    assert await left(database, tmp_path / "archive", EmbeddedConversations(database)) == {}


async def test_what_names_nobody_and_stays_names_nobody(database: Database, tmp_path: Path) -> None:
    # given a conversation that was counted, when rows, reports and configurations are read, then they name no customer
    await passes(await over(database, tmp_path, EmbeddedConversations(database)), DAY)
    found = kept(database, tmp_path)
    assert database.query("SELECT 1 FROM contributions")
    assert found[Rows] == found[Ledger] == found[UsageReports] == found[ConfigurationStore] - {AGENT_NAME} == set()


class KeepsFacts(EmbeddedConversations):
    """A store that deletes a conversation, but for its facts."""

    async def delete(self, tenant_id: str, key: str, etag: str) -> None:
        kept_facts = self._database.query("SELECT * FROM facts WHERE tenant_id = ? AND key = ?", (tenant_id, key))
        await super().delete(tenant_id, key, etag)
        rows = [tuple(row) for row in kept_facts]
        insert = f"INSERT INTO facts VALUES ({', '.join('?' * len(rows[0]))})"
        await self._database.write(lambda connection: connection.executemany(insert, rows))


async def test_a_store_that_keeps_something_is_noticed(database: Database, tmp_path: Path) -> None:
    found = await left(database, tmp_path / "archive", KeepsFacts(database))
    assert found == {"ConversationStore": set(OF_PEOPLE)}
