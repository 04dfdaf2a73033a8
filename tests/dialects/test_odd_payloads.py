"""Each quirk of real payloads gives the events that it means, or a named reason; doctor and ingress say the same."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from shared.clock import MovableClock
from shared.diagnosis.diagnose import diagnose
from shared.diagnosis.diagnosis import Diagnosis
from shared.dialects.received import Received
from shared.errors import Refused
from shared.events.envelope import parse_time
from shared.events.types.bot_escalated import BotEscalated
from shared.events.types.conversation_ended import ConversationEnded
from shared.events.types.conversation_started import ConversationStarted
from tests.builders import contoso, history, threaded
from tests.conversations.pipelines import InMemory, Pipelines
from tests.diagnosis.doctor import GOLDEN, NOW, QUIRKS, REAL, REAL_FOLDER, as_golden, diagnosed, golden_of
from tests.dialects.odd_payloads import Posted, as_posted, posted, posted_at
from tests.dialects.whatsapp import RIGHT_WEBHOOKS
from tests.functions.hosts import BOT, bot_activity
from tests.functions.odd_bodies import RIGHT_ACTIVITIES, RIGHT_EVENTS, RIGHT_UPDATES, bodies

BODIES = {payload.name: payload.read_bytes() for payload in QUIRKS}
BECOMES: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "becomes.yaml").read_text(encoding="utf-8"))
HISTORY = " | customer, public: store hours | bot, public: I'm happy to help with store hours."
REAL_BECOMES = {
    "bot-framework-complex-activity.json": [
        "begins with pva_22qPwRMhGu_eee72dc1-9211-425e-ab79-bd214f0c8874 at 2022-03-25T00:57:22.522303Z",
        "customer pva_22qPwRMhGu_eee72dc1-9211-425e-ab79-bd214f0c8874, public: validation",
    ],
    "bot-framework-emulator.transcript": [
        "begins with 57efe82e-483f-4ce5-aff3-09ac73c46472 at 2019-08-20T20:37:05.547000Z",
        "bot 92e19130-c37f-11e9-aaf4-234c3b063205, private: Welcome to the e2e testing bot! :)",
        "customer 57efe82e-483f-4ce5-aff3-09ac73c46472, public: Hello",
        "bot 92e19130-c37f-11e9-aaf4-234c3b063205, private: Hello! :)",
        "bot 92e19130-c37f-11e9-aaf4-234c3b063205, private: How are you doing?",
        "customer 57efe82e-483f-4ce5-aff3-09ac73c46472, public: I'm doing great, thanks for asking!",
        "ignored: only_bot_added [0].membersAdded",
    ],
    "copilot-studio-handoff.activities.json": [
        "begins with pva_H1YHD_be80720b-bdb0-4561-aae2-5f891f2f02e0 at 2020-02-10T21:51:37.499726Z",
        "f074b91b-2f8c-4543-bbcc-7226e9662c01 escalates {}: Transferred" + HISTORY,
    ],
    "telegram-update.json": [
        "begins with 1111111 at 2015-09-07T17:05:32Z",
        "customer 1111111, public: Bold and italics +audio +voice +Testfile.pdf",
    ],
}


def real(name: str) -> bytes:
    """A real payload; they are not part of the project."""
    file = REAL_FOLDER / name
    if not file.exists():
        pytest.skip(f"no real payloads in {REAL_FOLDER}: set PAYLOADS to their folder")
    return file.read_bytes()


def assert_alike(diagnosis: Diagnosis, ingress: Posted) -> None:
    """The doctor says what the ingress did: the same events, the same ignored, the same refusal."""
    events, ignored, errors = as_posted(diagnosis)
    assert diagnosis.answer is not None
    if isinstance(ingress.outcome, Refused):
        assert (diagnosis.answer.status, diagnosis.answer.code) == (ingress.outcome.status, ingress.outcome.code)
        assert ingress.outcome.code in errors
        return
    assert diagnosis.answer.status == ingress.outcome.dialect.acknowledge(Received(b""), {}).status
    assert events == [event.id for event in ingress.events if not event.source.startswith("/threads/")]
    assert ignored == [f"{note.code} {note.path}" for note in ingress.outcome.ignored if note.code != "begun_before"]
    rejected = [
        code for one in ingress.outcome.rejected for code in [one.reason.code] * max(1, len(one.reason.mistakes))
    ]
    # An event that is too old is taken by its ingress, and parked when it is recorded.
    assert [code for code in errors if code != "too_late"] == [code for code in rejected if code != "too_late"]


async def assert_same(body: bytes, account: str, channel: str) -> None:
    """Doctor and ingress agree about a body at this channel."""
    assert_alike(
        diagnose(history(contoso()), body, NOW, account, channel), await posted_at((account, channel), body, NOW)
    )


@pytest.mark.parametrize("quirk", [path.name for path in QUIRKS])
async def test_a_quirk_becomes_what_it_means(quirk: str, in_memory: Pipelines = InMemory) -> None:
    # given a payload with one quirk, when it is posted at the ingress of its dialect
    body = BODIES[quirk]
    ingress = await posted(diagnosed(body).dialect, body, NOW, in_memory)
    # then it gives these events, or these reasons
    assert ingress.said == BECOMES[quirk]


@pytest.mark.parametrize("quirk", [path.name for path in QUIRKS])
async def test_the_doctor_says_what_the_ingress_does(quirk: str) -> None:
    # given a payload whose dialect can be told
    body = BODIES[quirk]
    diagnosis = diagnosed(body)
    if diagnosis.dialect is None:
        assert (diagnosis.events, diagnosis.is_refused) == ((), True)
        return
    # when the ingress gets it, and the doctor, then both say the same
    assert_alike(diagnosis, await posted(diagnosis.dialect, body, NOW))


@pytest.mark.parametrize("payload", QUIRKS, ids=lambda path: path.name)
def test_the_diagnosis_of_a_quirk_is_its_golden_file(payload: Path) -> None:
    assert as_golden(diagnosed(payload.read_bytes())) == golden_of(payload).read_text(encoding="utf-8")


def test_every_expectation_and_every_golden_file_has_its_payload() -> None:
    names = [payload.name for payload in QUIRKS]
    assert sorted(BECOMES) == names
    assert sorted(file.name for file in GOLDEN.glob("*.json")) == [f"{name}.golden.json" for name in names]
    assert sorted(file.name for file in (GOLDEN / "real").iterdir()) == [f"{name}.golden.json" for name in REAL]


@pytest.mark.parametrize("name", REAL)
async def test_a_real_payload_becomes_what_it_means(name: str) -> None:
    # given a real payload, when it is posted while it is new, then it gives these events
    body = real(name)
    diagnosis = diagnosed(body)
    now = parse_time(max(event.time for event in diagnosis.events))
    assert (await posted(diagnosis.dialect, body, now)).said == REAL_BECOMES[name]


@pytest.mark.parametrize("name", REAL)
def test_the_diagnosis_of_a_real_payload_is_its_golden_file(name: str) -> None:
    expected = GOLDEN / "real" / f"{name}.golden.json"
    assert as_golden(diagnosed(real(name))) == expected.read_text(encoding="utf-8")


async def test_every_real_payload_gives_events_or_a_named_reason() -> None:
    # given whatever lies in the folder of real payloads
    real(REAL[0])
    for file in sorted(REAL_FOLDER.iterdir()):
        diagnosis = diagnosed(body := file.read_bytes())
        # then each gives events, or says why it gives none, and the ingress agrees
        assert diagnosis.events or diagnosis.ignored or diagnosis.findings
        if diagnosis.dialect is not None:
            assert_alike(diagnosis, await posted(diagnosis.dialect, body, NOW))


async def transcript_of(payload: str, conversation: str, account: str = "contoso-chat") -> list[str | None]:
    """The texts that an agent reads after this payload was posted and recorded."""
    pipeline = await InMemory(clock=MovableClock(NOW)).configured()
    await pipeline.receiver.receive_activity("contoso", account, "webchat", BODIES[payload])
    await pipeline.drain()
    return [line.text for line in await pipeline.lines(conversation, "agent")]


async def test_two_lines_of_one_microsecond_keep_the_order_of_their_seventh_digit() -> None:
    lines = await transcript_of("time-seven-digits.json", threaded())
    assert lines == ["first", "second"]


async def test_a_redelivered_activity_is_one_line_whatever_its_flag_says() -> None:
    assert await transcript_of("redelivered.json", threaded()) == ["Hello"]


@pytest.mark.parametrize("payload", ["copilot-hand-off.json", "copilot-hand-off-singular.json"])
async def test_copilot_studio_gives_the_last_phrase_under_both_names_and_the_customers_language(payload: str) -> None:
    start, escalated = (await posted("botFramework", BODIES[payload], NOW)).events
    assert isinstance(start, ConversationStarted)
    assert isinstance(escalated, BotEscalated)
    assert start.data.customer.locale == "En-US"
    variables = escalated.data.context_variables
    assert variables["va_LastPhrase"] == variables["va_LastPhrases"] == "my card"


async def test_what_a_closing_hand_off_brings_is_kept_with_the_end() -> None:
    [_, ended] = (await posted("botFramework", BODIES["hand-off-closing.json"], NOW)).events
    assert isinstance(ended, ConversationEnded)
    assert ended.data.context_variables["BotHandoffTopic"] == "CreditCard"
    assert (ended.data.bot_id, ended.data.summary) == ("contoso-bot", "Stolen card")
    assert [line.text for line in ended.data.transcript] == ["my card", "Oh dear"]


async def test_a_set_of_too_many_activities_is_refused_as_a_whole() -> None:
    body = json.dumps({"activities": [{"type": "typing"}] * 1001}).encode()
    assert (await posted("botFramework", body, NOW)).said == ["refused: invalid_activity activities"]


@pytest.mark.parametrize(
    "odd",
    [
        {"attachments": [1] * 200_000},
        {"text": "escalat" * 100_000},
        {"text": "escalate " * 100_000, "from": BOT},
        {"id": "|" * 900_000},
        {"channelData": {f"conversationcontext{' ' * n}": 1 for n in range(1000)}},
    ],
    ids=["attachments", "text", "words", "id", "names"],
)
def test_no_body_of_a_megabyte_takes_long_to_read(odd: dict[str, Any]) -> None:
    # given a body that would take minutes if anything were compared with everything
    body = json.dumps(bot_activity(type="message", **odd)).encode()
    began = time.process_time()
    diagnosed(body)
    assert time.process_time() - began < 5


@given(body=bodies(RIGHT_ACTIVITIES))
@settings(max_examples=300)
async def test_the_doctor_says_what_a_bot_framework_ingress_does_to_any_body(body: bytes) -> None:
    await assert_same(body, "contoso-chat", "webchat")


@given(body=bodies(RIGHT_UPDATES))
@settings(max_examples=200)
async def test_the_doctor_says_what_a_telegram_ingress_does_to_any_body(body: bytes) -> None:
    await assert_same(body, "contoso-telegram", "telegram")


@given(body=bodies(RIGHT_WEBHOOKS))
@settings(max_examples=300)
async def test_the_doctor_says_what_a_whatsapp_ingress_does_to_any_body(body: bytes) -> None:
    await assert_same(body, "contoso-whatsapp", "whatsapp")


@given(body=bodies(RIGHT_EVENTS))
@settings(max_examples=200)
async def test_the_doctor_says_what_a_ingress_for_events_does_to_any_body(body: bytes) -> None:
    await assert_same(body, "contoso-app", "app")
