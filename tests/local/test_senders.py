"""The programs of docs/senders.md, run as they stand there, against a host as a process and against a broker."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from azure.functions.meta import Datum
from azure.identity import DefaultAzureCredential
from azure.servicebus import ServiceBusMessage, ServiceBusReceivedMessage, ServiceBusReceiveMode

from shared.azure.service_bus.connection import connect
from shared.events.bus import CONTENT_TYPE, TOPIC
from shared.events.envelope import format_time
from tests.azure.endpoints import alone, endpoint
from tests.builders import EXAMPLES, threaded
from tests.functions.hosts import Host, function_named, hosted
from tests.local.test_host import Process, running
from tests.seeds import SIGNING_SECRET, TELEGRAM_SECRET
from tests.standins import free_port

GUIDE = (Path(__file__).parent.parent.parent / "docs/senders.md").read_text(encoding="utf-8")
TELEGRAM_LINES = [("customer", "Dobrý den 👋"), ("customer", "Někdo mi ukradl kartu 💳 👩🏽‍🦱")]


@dataclass(frozen=True)
class Program:
    """A program of the guide, and what the guide says that it prints."""

    source: str
    output: str | None


PROGRAMS = {
    name: Program(source, output)
    for source, name, output in re.findall(
        r"^```python\n(# (\w+\.py)\n.*?)^```\n(?:\n```\n(.*?)^```)?", GUIDE, re.MULTILINE | re.DOTALL
    )
}


@dataclass(frozen=True)
class Sender:
    """Whoever runs the programs: in a folder, with an environment as the guide has it set."""

    folder: Path
    environment: Mapping[str, str]

    def run(self, name: str, **other: str) -> subprocess.CompletedProcess[str]:
        file = self.folder / name
        file.write_text(PROGRAMS[name].source, encoding="utf-8")
        return subprocess.run(
            [sys.executable, file.name],
            check=False,
            cwd=self.folder,
            env={**os.environ, "PYTHONUTF8": "1", **self.environment, **other},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
        )

    def runs(self, name: str) -> None:
        """Run a program, which must end well and print what the guide says."""
        ran = self.run(name)
        assert (ran.returncode, ran.stdout) == (0, PROGRAMS[name].output or ""), ran.stderr


def account_of(name: str) -> str:
    """The account that the guide adds, as lines that end a configuration."""
    [found] = re.findall(rf"^```yaml\naccounts:\n(  - id: {name}\n.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Sender]]:
    """A host whose channels have secrets, and a sender who knows them."""
    folder = tmp_path_factory.mktemp("senders")
    secrets = {
        "PATCHBAY_SECRET_CONTOSO_TELEGRAM": TELEGRAM_SECRET,
        "PATCHBAY_SECRET_CONTOSO_APP": SIGNING_SECRET,
        "PATCHBAY_SECRET_CONTOSO_COPIES": SIGNING_SECRET,
        "PATCHBAY_BOT_METADATA": f"http://127.0.0.1:{free_port()}/openid",
    }
    with running(folder / "patchbay.db", environment=secrets) as host:
        tenant = f"{str(host.client.base_url).rstrip('/')}/api/tenants/contoso"
        body = (EXAMPLES / "contoso.yaml").read_text(encoding="utf-8") + account_of("contoso-copies")
        host.client.put("/api/tenants/contoso/configuration", content=body.encode()).raise_for_status()
        yield host, Sender(folder, {**secrets, "PATCHBAY": tenant})


def said(transcript: Mapping[str, Any]) -> list[tuple[str, str]]:
    return [(entry["author"]["role"], entry["text"]) for entry in transcript["entries"]]


@pytest.mark.parametrize(
    ("program", "thread", "queue", "why", "lines", "summary"),
    [
        (
            "bot_copies.py",
            ("contoso-copies", "webchat", "web-7"),
            "CreditCardQueue",
            'Rule 2, CreditCardRule, was applied, because BotHandoffTopic equals "CreditCard" (set by bot contoso-bot',
            [("customer", "My card was stolen 💳"), ("bot", "I am sorry 🙏 I am connecting you.")],
            [("bot", "Stolen card, caller verified ✅")],
        ),
        (
            "telegram_channel.py",
            ("contoso-telegram", "telegram", "4711"),
            "BotQueue",
            "Rule 1, BotRule, was applied, because BotHandoffTopic has no data.",
            TELEGRAM_LINES,
            [],
        ),
        (
            "bot_framework_channel.py",
            ("contoso-chat", "webchat", "web-1"),
            "CreditCardQueue",
            'Rule 2, CreditCardRule, was applied, because BotHandoffTopic equals "CreditCard" (set by bot contoso-bot',
            [("customer", "My card was stolen 💳"), ("bot", "I am sorry 🙏 I am connecting you.")],
            [("bot", "Stolen card, caller verified ✅")],
        ),
        (
            "app_channel.py",
            ("contoso-app", "app", "zoe-1"),
            "HomeLoanQueue",
            "Rule 3, HomeLoanRule, was applied, because BotHandoffTopic is",
            [
                ("customer", "We want to buy a house 🏡"),
                ("bot", "Congratulations 🎉 How old are you?"),
                ("customer", "34 🎂"),
            ],
            [],
        ),
    ],
    ids=["copies", "telegram", "bot-framework", "app"],
)
def test_what_a_channel_sends_ends_in_the_right_queue_with_a_whole_transcript(
    guided: tuple[Process, Sender],
    program: str,
    thread: tuple[str, str, str],
    queue: str,
    why: str,
    lines: list[tuple[str, str]],
    summary: list[tuple[str, str]],
) -> None:
    # Given a host that asks for proofs, and a program of the guide
    host, sender = guided
    # When it runs, then it ends well, and says what the guide says
    sender.runs(program)
    host.until(lambda: host.backlog()["active"] == 0)
    # and its conversation, the only one of its thread, is in the right queue, for the right reason
    channel = dict(zip(("accountId", "channelId", "threadId"), thread, strict=True))
    answer = host.client.post("/api/tenants/contoso/conversations/find", json={"channel": channel})
    (conversation,) = answer.raise_for_status().json()["conversations"]
    address = f"/api/tenants/contoso/conversations/{conversation['key']}"
    found = host.client.get(address).raise_for_status().json()
    assert (found["queue"], found["customer"]["name"], found["warnings"]) == (queue, "Zoë Nováková", [])
    explanation = host.client.get(f"{address}/routing", headers={"Accept": "text/plain"}).raise_for_status().text
    assert why in explanation
    assert f"So the conversation went to queue {queue}." in explanation
    # and everybody finds all lines there
    for audience, expected in (("customer", lines), ("agent", lines + summary)):
        transcript = host.client.get(f"{address}/transcript", params={"audience": audience}).raise_for_status().json()
        assert said(transcript) == expected


@pytest.mark.parametrize(
    ("program", "secret", "status"),
    [
        ("telegram_channel.py", {"PATCHBAY_SECRET_CONTOSO_TELEGRAM": f"{TELEGRAM_SECRET}x"}, "401"),
        ("bot_copies.py", {"PATCHBAY_SECRET_CONTOSO_COPIES": "whsec_YW5vdGhlciBzZWNyZXQ="}, "401"),
        ("app_channel.py", {"PATCHBAY_SECRET_CONTOSO_APP": "whsec_YW5vdGhlciBzZWNyZXQ="}, "401"),
        # Where the host looks for keys nobody serves this one's; whether it still knows others is another test's doing.
        ("bot_framework_channel.py", {"PATCHBAY_BOT_METADATA": "http://127.0.0.1:0/openid"}, "401|503"),
    ],
    ids=["telegram", "copies", "app", "bot-framework"],
)
def test_whoever_does_not_know_the_secret_is_refused(
    guided: tuple[Process, Sender], program: str, secret: dict[str, str], status: str
) -> None:
    # Given a sender whose secret, or whose key, is not the one that the host knows
    _, sender = guided
    # When its program runs, then it ends with the status that it was refused with
    ran = sender.run(program, **secret)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.search(f"'({status}) ", ran.stderr)


def test_the_guide_has_each_program_once() -> None:
    # Given all blocks of Python, then each is a program with a name of its own, and all are run here
    names = ["bot_copies.py", "telegram_channel.py", "bot_framework_channel.py", "app_channel.py", "bot.py"]
    assert list(PROGRAMS) == names
    assert GUIDE.count("```python\n") == len(names)
    assert [name for name, program in PROGRAMS.items() if not program.output] == ["bot.py"]


@pytest.fixture
async def host(tmp_path: Path) -> AsyncIterator[Host]:
    async with hosted(tmp_path, now=format_time(datetime.now(UTC))) as one:
        yield await one.configured("contoso")


async def sent_by(program: str, sender: Sender) -> ServiceBusReceivedMessage:
    """The one message that a program sends to the subscription for escalations."""
    address = sender.environment["SERVICE_BUS"]
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    client = connect(address)
    with alone(address):
        async with client, client.get_subscription_receiver(TOPIC, "bot-escalated", receive_mode=mode) as receiver:
            while await receiver.receive_messages(100, max_wait_time=0.1):
                pass  # what others left there
            sender.runs(program)
            (message,) = await receiver.receive_messages(2, max_wait_time=10)
            return message


class Clients:
    """Stands for the SDK's `ServiceBusClient`, and notes how it is made and what is sent."""

    def __init__(self) -> None:
        self.made: list[tuple[str, object]] = []
        self.sent: list[tuple[str, ServiceBusMessage]] = []

    def __call__(self, namespace: str, credential: object) -> "Clients":
        self.made.append((namespace, credential))
        return self

    def from_connection_string(self, address: str) -> "Clients":
        return self(address, None)

    def get_topic_sender(self, topic: str) -> "Clients":
        self.topic = topic
        return self

    def send_messages(self, message: ServiceBusMessage) -> None:
        self.sent.append((self.topic, message))

    def __enter__(self) -> "Clients":
        return self

    def __exit__(self, *_: object) -> None: ...


@pytest.mark.parametrize(
    ("address", "signs_in"),
    [
        ("sb-patchbay-x.servicebus.windows.net", True),
        ("Endpoint=sb://127.0.0.1;SharedAccessKey=x;UseDevelopmentEmulator=true;", False),
    ],
    ids=["a deployment", "the emulator"],
)
def test_a_bot_signs_in_with_its_identity_but_to_the_emulator(
    monkeypatch: pytest.MonkeyPatch, address: str, *, signs_in: bool
) -> None:
    # Given a namespace of a deployment, which takes no key, or the emulator, which knows no identities
    clients = Clients()
    monkeypatch.setattr("azure.servicebus.ServiceBusClient", clients)
    monkeypatch.setenv("SERVICE_BUS", address)
    # When the bot of the guide runs, then it is its identity that opens the topic, or the connection string
    exec(compile(PROGRAMS["bot.py"].source, "bot.py", "exec"), {})
    [(namespace, credential)] = clients.made
    assert namespace == address
    assert isinstance(credential, DefaultAzureCredential) == signs_in
    [(topic, message)] = clients.sent
    assert (topic, message.subject) == (TOPIC, "bot.escalated")


async def test_what_a_bot_sends_to_the_bus_is_recorded_in_its_thread(host: Host, tmp_path: Path) -> None:
    # Given a broker, and a customer on Telegram
    sender = Sender(tmp_path, {"SERVICE_BUS": endpoint("TEST_SERVICE_BUS")})
    person = {"id": 4711, "is_bot": False, "first_name": "Zoë", "last_name": "Nováková"}
    for number, (_, text) in enumerate(TELEGRAM_LINES, 1):
        chat = {"message_id": number, "date": int(host.clock.now().timestamp()), "chat": {"id": 4711}, "from": person}
        update = {"update_id": number, "message": {**chat, "text": text}}
        await host.accepted("/api/tenants/contoso/channels/contoso-telegram/telegram", update)
    await host.drain()
    # When the bot of the guide sends its own escalation to a broker, of whose conversations it knows nothing
    message = await sent_by("bot.py", sender)
    assert (message.subject, message.content_type) == ("bot.escalated", CONTENT_TYPE)
    # and the function of its subscription gets what it sent
    function = function_named("bot_escalated")
    body = b"".join(message.body)
    await function.run(function.decode(Datum(body, "bytes"), {"UserProperties": Datum("{}", "json")}))
    await host.drain()
    # Then the thread's one conversation is in the right queue, for the right reason
    (found,) = (await host.shown("conversations"))["conversations"]
    assert (found["conversationId"], found["queue"], found["warnings"]) == (
        threaded("4711", account_id="contoso-telegram", channel_id="telegram"),
        "CreditCardQueue",
        [],
    )
    place = f"conversations/{found['key']}"
    routing = await host.client.get(f"/api/tenants/contoso/{place}/routing", headers={"Accept": "text/plain"})
    assert 'Rule 2, CreditCardRule, was applied, because BotHandoffTopic equals "CreditCard"' in routing.text
    # and has what Telegram posted, what the bot said, and for the agent the summary
    lines = [*TELEGRAM_LINES, ("bot", "Spojím vás 🙏")]
    assert said(await host.shown(f"{place}/transcript")) == lines
    summary = ("bot", "Ukradená karta 💳, totožnost ověřena ✅")
    assert said(await host.shown(f"{place}/transcript", audience="agent")) == [*lines, summary]
