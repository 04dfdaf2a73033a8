"""An escalation that fills a body, over HTTP to a host of its own, which is killed and started again."""

import json
import signal
from pathlib import Path
from typing import Any

from tests.builders import document
from tests.local.test_host import CLOCK, running

AT = "2026-10-20T11:00:01Z"


def test_an_escalation_of_900_kb_survives_a_kill_and_a_retry_whole(tmp_path: Path) -> None:
    # Given an escalation with a history of 900 KB
    bot = {"role": "bot", "id": "contoso-bot"}
    history = [{"id": f"h{n}", "author": bot, "text": f"{n} " + "x" * 900} for n in range(940)]
    data = {"botId": "contoso-bot", "contextVariables": {"BotHandoffTopic": "CreditCard"}, "transcript": history}
    escalation = document("bot.escalated", data, "c1", AT, event_id="e1")
    assert len(json.dumps(escalation)) > 900_000
    with running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        host.configured().begin("c1")
        # When it is accepted, and the host is killed at that moment
        host.client.post("/api/tenants/contoso/events", json=escalation).raise_for_status()
        host.end(signal.SIGKILL)
    with running(tmp_path / "patchbay.db", "--clock", CLOCK) as host:
        # and sent again
        host.client.post("/api/tenants/contoso/events", json=escalation).raise_for_status()
        host.until(lambda: host.backlog()["active"] == 0)

        def read(path: str, **parameters: str) -> Any:
            answer = host.client.get(f"/api/tenants/contoso/{path}", params=parameters)
            return answer.raise_for_status().json()

        # Then the conversation is in its queue, once, and agents read every line
        assert read("conversations/c1")["queue"] == "CreditCardQueue"
        assert len(read("conversations/c1/routing")["decisions"]) == 2
        page = read("conversations/c1/transcript", audience="agent")
        entries = page["entries"]
        while page["continuation"] is not None:
            page = read("conversations/c1/transcript", audience="agent", continuation=page["continuation"])
            entries += page["entries"]
        assert [entry["text"] for entry in entries] == [line["text"] for line in history]
        assert read("parked")["parked"] == []
