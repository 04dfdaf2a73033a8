"""`python -m local rebuild` on the services that the environment names: found, repaired, and found no more."""

import pytest

from local.rebuild import rebuild_on
from shared.azure.cosmos.container import Document
from shared.azure.cosmos.containers import CONVERSATIONS, LEDGER
from shared.azure.cosmos.conversation_documents import HEAD
from shared.errors import IncompleteSettings
from tests.azure.databases import ENDPOINT, KEY, Stores, connected
from tests.azure.endpoints import endpoint
from tests.azure.recording import configured, deliver, on_cosmos
from tests.builders import contoso, message, started

# The services of the bus and of the archive are named, and nobody needs them here.
NOBODY = {
    "SERVICE_BUS": "Endpoint=sb://127.0.0.1:1;SharedAccessKeyName=k;SharedAccessKey=a2V5;UseDevelopmentEmulator=true;",
    "STORAGE": "AccountName=a;AccountKey=a2V5;DefaultEndpointsProtocol=http;BlobEndpoint=http://127.0.0.1:1/a;",
}
OCTOBER = ("contoso", "bot-session-2020:2026-10")


@pytest.fixture
def settings(database: str, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment whose settings name the tests' database."""
    monkeypatch.setenv("COSMOS", f"AccountEndpoint={endpoint(ENDPOINT)};AccountKey={endpoint(KEY)};")
    monkeypatch.setenv("PATCHBAY_COSMOS_DATABASE", database)
    for name, value in NOBODY.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


async def broken(database: str) -> None:
    """Three conversations, after which somebody deleted a head, a row and a day, and edited another day."""
    async with connected(database) as cosmos:
        stores = Stores(cosmos)
        pipeline = on_cosmos(stores)
        await configured(pipeline, contoso())
        starts = [
            started(key, at=f"2026-10-{day}T10:00:00Z") for key, day in (("c1", "05"), ("c2", "05"), ("c3", "06"))
        ]
        await deliver(pipeline, [*starts, message("c1", role="agent")])
        conversations, ledger = stores.container(CONVERSATIONS), stores.container(LEDGER)
        head = await _there(await conversations.read("test", ("contoso", "c1"), HEAD))
        await conversations.delete("test", ("contoso", "c1"), HEAD, head["_etag"])
        for name in ("session:c2", "day:2026-10-06"):
            document = await _there(await ledger.read("test", OCTOBER, name))
            await ledger.delete("test", OCTOBER, name, document["_etag"])
        day = await _there(await ledger.read("test", OCTOBER, "day:2026-10-05"))
        day["counts"] = {"counted_": 7, "byBot_nobody": 1}
        await ledger.replace("test", OCTOBER, {k: v for k, v in day.items() if k[0] != "_"}, day["_etag"])


async def _there(document: Document | None) -> Document:
    assert document is not None
    return document


async def test_what_is_broken_is_found_repaired_and_found_no_more(
    settings: pytest.MonkeyPatch, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    # Given a deployment in whose documents somebody worked
    await broken(database)
    # When it is compared, then that is found, and where it was looked for stands above it, without a key
    assert not await rebuild_on(None, "contoso", repair=False)
    place, *found = capsys.readouterr().out.splitlines()
    assert place == f"AccountEndpoint={endpoint(ENDPOINT)} {database}"
    assert found == [
        "contoso: 3 conversations and 1 months rebuilt from their facts, 3 differences",
        "  c1: there are facts, and no head",
        "  2026-10: the row of c2 differs",
        "  2026-10: the days are not what the rows add up to",
    ]
    # and when it is repaired, then nothing is left, for whoever looks
    assert await rebuild_on(None, None, repair=True)
    assert capsys.readouterr().out.splitlines()[-1] == "contoso: repaired, 0 differences left"
    assert await rebuild_on(None, "contoso", repair=True)
    async with connected(database) as cosmos:
        pipeline = on_cosmos(Stores(cosmos))
        assert await pipeline.books_balance()
        assert (await pipeline.reading.one("contoso", "c1")).conversation.state == "active"
        # and the month goes on, and closes
        await deliver(pipeline, [started("c4", at="2026-10-06T11:00:00Z")])
        await pipeline.usage.roll_up_all()
        report = await pipeline.usage.report("contoso", "2026-10")
        assert (report.status, report.counted) == ("closed", 4)


async def test_services_that_are_named_only_in_part_are_refused(settings: pytest.MonkeyPatch) -> None:
    settings.delenv("STORAGE")
    with pytest.raises(IncompleteSettings):
        await rebuild_on(None, None, repair=False)
