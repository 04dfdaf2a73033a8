"""Nothing that a customer or a sender would not want to read in a log stands in one."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.events.envelope import parse_time
from tests.access.issuers import FakeIssuer, serving
from tests.builders import EXAMPLES, message_document
from tests.functions.hosts import EVENTS, NOW, WEB_CHAT, Host, activity, bot_activity, hosted
from tests.functions.test_access import AUDIENCE, ENTRA, MIA, Directory
from tests.log_scan import all_of, seeds_in
from tests.observed import Observed
from tests.seeds import AGENT_NAME, CUSTOMER_NAME, SIGNING_SECRET, SUMMARY, TELEGRAM_SECRET, TEXT

OWN = {
    "a variable's value": "CreditCardSeed",
    "a wrong secret": "tg-seed-secret-2",
    "an unreadable body": "{seed-of-garbage",
    "a Telegram user": "seed_user_42",
}
"""What is brought here beside the seeds, for which all logs are scanned."""


async def everything(host: Host, bearer: dict[str, str], entra: dict[str, str], tokens: list[str]) -> list[int]:
    """Requests of every kind, right ones and wrong ones, at every ingress; the statuses of the answers."""
    customer = {"id": "u", "name": CUSTOMER_NAME, "role": "user"}
    said = activity(**{"from": customer, "text": TEXT})
    command = {"type": "Escalate", "context": {"BotHandoffTopic": OWN["a variable's value"]}}
    handed_over = bot_activity(
        id="a9", text=SUMMARY, channelData={"tags": json.dumps(command)}, timestamp="2026-10-20T11:01:00Z"
    )
    data = {"author": {"role": "agent", "id": "ana", "name": AGENT_NAME}, "text": "x"}
    event = json.dumps(message_document(data=data, time="2026-10-20T11:00:00Z")).encode()
    moment = parse_time(NOW)
    signature = {
        "webhook-id": "m",
        "webhook-timestamp": str(int(moment.timestamp())),
        "webhook-signature": Webhook(SIGNING_SECRET).sign("m", moment, event.decode()),
    }
    telegram = WEB_CHAT.replace("contoso-chat/webchat", "contoso-telegram/telegram")
    sender = {"id": 4, "first_name": CUSTOMER_NAME, "username": OWN["a Telegram user"]}
    update = {
        "message_id": 2,
        "date": 1792494000,
        "chat": {"id": 3},
        "text": TEXT,
        "from": sender,
    }
    header = "X-Telegram-Bot-Api-Secret-Token"
    asked: list[tuple[str, Any, dict[str, str]]] = [
        (WEB_CHAT, said, bearer),
        (WEB_CHAT, handed_over, bearer),
        (WEB_CHAT, said, {}),
        (WEB_CHAT, said, {"Authorization": f"Bearer {tokens[1]}"}),
        (WEB_CHAT, OWN["an unreadable body"].encode(), bearer),
        (WEB_CHAT, {**said, "type": TEXT}, bearer),
        (WEB_CHAT, {**said, "conversation": TEXT}, bearer),
        (telegram, {"update_id": 1, "message": update}, {header: TELEGRAM_SECRET}),
        (telegram, {"update_id": 1, "message": update}, {header: OWN["a wrong secret"]}),
        (telegram, OWN["an unreadable body"].encode(), {header: TELEGRAM_SECRET}),
        (EVENTS, event, signature),
        (EVENTS, event + b" ", signature),
        (EVENTS, OWN["an unreadable body"].encode(), entra),
        (EVENTS, json.dumps(message_document(data={"text": TEXT})).encode(), entra),
        (EVENTS, b"x" * (1024 * 1024 + 1), entra),
    ]
    answers = [
        await host.client.post(path, content=body if isinstance(body, bytes) else json.dumps(body), headers=headers)
        for path, body, headers in asked
    ]
    await host.drain()
    reads = ("conversations", "conversations/c1/transcript?audience=agent", "parked", "usage/2026-10", "configuration")
    answers += [await host.client.get(f"/api/tenants/contoso/{path}", headers=entra) for path in reads]
    wrong = {"tenantId": CUSTOMER_NAME, "eventSecrets": [SIGNING_SECRET]}
    answers.append(await host.client.put("/api/tenants/contoso/configuration", json=wrong, headers=entra))
    return [answer.status_code for answer in answers]


async def test_no_secret_no_name_and_no_text_stands_in_a_log_in_a_span_or_in_a_metric(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, observed: Observed
) -> None:
    # given a host that logs all that it can, senders, and people who bring what is nobody else's business
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("PATCHBAY_SECRET_CONTOSO_TELEGRAM", TELEGRAM_SECRET)
    monkeypatch.setenv("PATCHBAY_SECRET_CONTOSO_EVENTS", SIGNING_SECRET)
    connector, directory, now = FakeIssuer(), Directory(name=ENTRA), parse_time(NOW)
    roles = ["Events.Publish", "Conversations.Read", "Usage.Read", "Configuration.Write", "Parked.Replay"]
    tokens = [connector.token(now), connector.token(now, aud="x"), directory.access_token(roles)]
    async with serving(connector) as metadata, serving(directory) as discovery:
        settings: dict[str, Any] = {
            "bot_metadata": metadata,
            "authority": discovery.removesuffix("/.well-known/openid-configuration"),
            "audience": AUDIENCE,
            "grants": {MIA: ["contoso"]},
        }
        async with hosted(tmp_path, open_to_all=False, telemetry=observed.telemetry, **settings) as host:
            body = (EXAMPLES / "contoso.yaml").read_bytes() + b'eventSecrets: ["env:PATCHBAY_SECRET_CONTOSO_EVENTS"]\n'
            await host.pipeline.configurations.put("contoso", body, None)
            bearer, entra = ({"Authorization": f"Bearer {token}"} for token in (tokens[0], tokens[2]))
            # when they come to every ingress, rightly and wrongly
            statuses = await everything(host, bearer, entra, tokens)
    assert {200, 202, 400, 401, 403, 413} <= set(statuses) <= {200, 202, 400, 401, 403, 404, 413}
    # then nothing of it stands in any line, in what comes with it, or in how it reads
    assert {"record message.posted", "commit conversations"} <= {span.name for span in observed.spans()}
    seen = "\n".join([*(all_of(record) for record in caplog.records), observed.everything()])
    assert "refused a request" in seen
    assert seeds_in(seen) == []
    assert [what for what, seed in OWN.items() if seed in seen] == []
    assert [token for token in tokens if token in seen or token.rpartition(".")[2] in seen] == []
    assert all("request_id" in vars(record) for record in caplog.records)
