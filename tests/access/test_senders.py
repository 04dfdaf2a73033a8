"""Channels prove themselves: nothing wrong is let in, and nothing right is refused."""

import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks import Webhook

from shared.access.issuer import TrustedIssuer
from shared.access.request import Request
from shared.access.secrets import GrantedSecrets
from shared.access.senders import Senders
from shared.clock import MovableClock
from shared.errors import AuthenticationUnavailable, InvalidActivity, Unauthorized
from shared.events.envelope import parse_time
from shared.tenants.configurations import Configurations
from shared.web.documents import HttpDocuments
from tests.access.issuers import (
    APP_ID,
    SERVICE_URL,
    FakeIssuer,
    public_pem,
    rsa_key,
    serving,
    signed,
    signed_with_text,
)
from tests.builders import CONTOSO, EXAMPLES, contoso, small_document
from tests.fakes import MemoryConfigurations, MemorySecrets
from tests.seeds import TELEGRAM_SECRET

NOW = parse_time("2026-10-20T12:00:00Z")
OTHER_APP_ID = "7d0cae1c-0000-4000-8000-0000000000ff"
SECOND = timedelta(seconds=1)
ACTIVITY = {"type": "message", "channelId": "directline", "serviceUrl": SERVICE_URL, "text": "Hello"}


@dataclass
class Ingress:
    """The senders' proofs of contoso, outside the local host unless `lenient`; the Bot Connector is real HTTP."""

    senders: Senders
    issuer: FakeIssuer
    clock: MovableClock
    secrets: MemorySecrets

    def token(self, **members: Any) -> str:
        return self.issuer.token(self.clock.now(), **members)

    async def knock(self, token: str | None, body: Any = None, channel: str = "contoso-chat/webchat") -> str:
        """What becomes of an activity with this token: `let in`, or what was refused."""
        headers = {} if token is None else {"authorization": f"Bearer {token}"}
        return await self.ask(channel, headers, ACTIVITY if body is None else body)

    async def ask(self, channel: str, headers: dict[str, str], body: Any, tenant: str = "contoso") -> str:
        account_id, _, channel_id = channel.partition("/")
        address = {"tenantId": tenant, "accountId": account_id, "channelId": channel_id}
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        try:
            await self.senders.prove_channel(Request(headers, address, content))
        except Unauthorized as refusal:
            return refusal.fault
        except (AuthenticationUnavailable, InvalidActivity) as refusal:
            return refusal.code
        return "let in"


@asynccontextmanager
async def contoso_ingress() -> AsyncIterator[Ingress]:
    """An ingress whose Bot Connector is served for as long as it is needed."""
    issuer, clock = FakeIssuer(), MovableClock(NOW)
    secrets = MemorySecrets({"env:PATCHBAY_SECRET_CONTOSO_TELEGRAM": TELEGRAM_SECRET})
    configurations = Configurations(MemoryConfigurations(), clock)
    await configurations.put("contoso", (EXAMPLES / "contoso.yaml").read_bytes(), None)
    async with serving(issuer) as address:
        trusted = TrustedIssuer(address, HttpDocuments(), clock)
        senders = Senders(configurations, trusted, GrantedSecrets(secrets, {"granted": frozenset({"SHARED_"})}), clock)
        yield Ingress(senders, issuer, clock, secrets)


@pytest.fixture
async def ingress() -> AsyncIterator[Ingress]:
    async with contoso_ingress() as opened:
        yield opened


async def put(ingress: Ingress, **channel: Any) -> None:
    """The tenant `small` with one channel a/c; `dialect` and `bots` are its account's."""
    account = {"id": "a", "dialect": channel.pop("dialect", "botFramework")}
    if "bots" in channel:
        account["bots"] = channel.pop("bots")
    account["channels"] = [{"id": "c", "workStream": "W", **channel}]
    bots = [{"id": "one", "name": "One", "appId": APP_ID.upper()}, {"id": "two", "name": "Two", "appId": OTHER_APP_ID}]
    document = small_document(bots=[*bots, {"id": "three", "name": "Three"}], accounts=[account])
    await ingress.senders.configurations.put("small", json.dumps(document).encode(), None)


async def test_a_right_token_is_let_in(ingress: Ingress) -> None:
    # given the Bot Connector's token for contoso's bot
    # when it comes with an activity, then it is let in; its audience in any case, and as a list
    assert await ingress.knock(ingress.token()) == "let in"
    assert await ingress.knock(ingress.token(aud=APP_ID.upper())) == "let in"
    assert await ingress.knock(ingress.token(aud=["somebody", APP_ID])) == "let in"
    assert await ingress.knock(ingress.token(nbf=None)) == "let in"


HOSTILE: list[tuple[str, dict[str, Any], str]] = [
    ("algorithm none", {"header": {"alg": "none"}}, "algorithm_not_allowed"),
    ("algorithm None", {"header": {"alg": "None"}}, "algorithm_not_allowed"),
    ("algorithm that the metadata does not declare", {"header": {"alg": "RS512"}}, "algorithm_not_allowed"),
    ("algorithm of another family", {"header": {"alg": "PS256"}}, "algorithm_not_allowed"),
    ("no algorithm", {"header": {"alg": None}}, "algorithm_not_allowed"),
    ("wrong issuer", {"iss": "https://sts.windows.net/x/"}, "issuer_wrong"),
    ("issuer with a slash more", {"iss": "https://api.botframework.com/"}, "issuer_wrong"),
    ("no issuer", {"iss": None}, "issuer_wrong"),
    ("issuers", {"iss": ["https://api.botframework.com"]}, "issuer_wrong"),
    ("another bot's audience", {"aud": "3f9ad2b4-0000-4000-8000-000000000002"}, "audience_wrong"),
    ("audience with more", {"aud": f"{APP_ID} "}, "audience_wrong"),
    ("no audience", {"aud": None}, "audience_wrong"),
    ("empty audience", {"aud": []}, "audience_wrong"),
    ("odd audience", {"aud": {APP_ID: 1}}, "audience_wrong"),
    ("unknown key id", {"header": {"kid": "key-9"}, "signed_by": "key-1"}, "key_unknown"),
    ("no key id", {"header": {"kid": None}}, "key_unknown"),
    ("odd key id", {"header": {"kid": 7}}, "token_malformed"),
    ("another key under this id", {"signed_by": "stranger"}, "signature_wrong"),
    ("no expiry", {"exp": None}, "token_expired"),
    ("expiry as text", {"exp": "4102444800"}, "token_expired"),
    ("expiry that is true", {"exp": True}, "token_expired"),
    ("no finite expiry", {"exp": float("inf")}, "token_expired"),
    ("expiry that is no number", {"exp": float("nan")}, "token_expired"),
    ("expiry beyond all times", {"exp": 10**400}, "token_expired"),
    ("odd beginning", {"nbf": "soon"}, "token_not_yet_valid"),
    ("other service", {"serviceurl": "https://evil.example/"}, "service_url_wrong"),
    ("service without its slash", {"serviceurl": SERVICE_URL.rstrip("/")}, "service_url_wrong"),
    ("no service", {"serviceurl": None}, "service_url_wrong"),
    ("own critical header", {"header": {"crit": ["mine"], "mine": 1}}, "token_malformed"),
    ("detached payload", {"header": {"crit": ["b64"], "b64": False}}, "token_malformed"),
]


@pytest.mark.parametrize(("what", "members", "fault"), HOSTILE, ids=[what for what, _, _ in HOSTILE])
async def test_a_hostile_token_is_refused(ingress: Ingress, what: str, members: dict[str, Any], fault: str) -> None:
    # given a token with one thing wrong
    # when it comes with an activity, then it is refused for that
    assert await ingress.knock(ingress.token(**members)) == fault
    # and a right one is still let in
    assert await ingress.knock(ingress.token()) == "let in"


@pytest.mark.parametrize("text", ["", "x", "a.b", "a.b.c", "..", "é.é.é", "x" * 20_000])
async def test_what_is_no_token_is_refused(ingress: Ingress, text: str) -> None:
    assert await ingress.knock(text) == "token_malformed"


DEEP = b'{"alg": "RS256", "kid": ' + b"[" * 3000
ODD_ALGORITHM = b'{"alg": ["RS256"], "kid": "key-1"}'


@pytest.mark.parametrize("header", [b"[" * 3000, DEEP, ODD_ALGORITHM, b"\xff", b"[]", b"7", b"{}"])
async def test_an_odd_header_is_refused(ingress: Ingress, header: bytes) -> None:
    refused = await ingress.knock(signed_with_text(b"{}", header, b"x" * 32))
    assert refused in ("token_malformed", "algorithm_not_allowed")


@pytest.mark.parametrize("claims", [b"[]", b"7", b"[" * 3000, b"\xff", b"{", b'{"sub": 7}'])
async def test_odd_claims_are_refused_though_they_are_signed(ingress: Ingress, claims: bytes) -> None:
    assert await ingress.knock(signed(claims, {"alg": "RS256", "kid": "key-1"})) == "token_malformed"


async def test_the_public_key_is_no_shared_secret(ingress: Ingress) -> None:
    # given tokens that are signed with what everybody can read (HS256)
    claims = {"iss": ingress.issuer.name, "aud": APP_ID, "exp": 4102444800, "serviceurl": SERVICE_URL}
    modulus = ingress.issuer.published("key-1")["n"].encode()
    for secret in (public_pem(rsa_key("key-1")), modulus):
        forged = signed_with_text(claims, {"alg": "HS256", "kid": "key-1"}, secret)
        assert await ingress.knock(forged) == "algorithm_not_allowed"
    # then not even metadata that declares it lets them in
    ingress.issuer.algorithms = ("HS256", "none", "RS256")
    ingress.clock.advance(timedelta(hours=25))
    assert await ingress.knock(signed_with_text(claims, {"alg": "HS256", "kid": "key-1"}, modulus)) == (
        "algorithm_not_allowed"
    )
    assert await ingress.knock(ingress.token(header={"alg": "none"})) == "algorithm_not_allowed"
    assert await ingress.knock(ingress.token()) == "let in"


async def test_a_token_that_was_changed_is_refused(ingress: Ingress) -> None:
    # given a right token
    head, payload, signature = ingress.token().split(".")
    # when any one character of what it says is another one
    for n in range(len(payload)):
        other = "A" if payload[n] != "A" else "B"
        changed = f"{head}.{payload[:n]}{other}{payload[n + 1 :]}.{signature}"
        # then it is not let in
        assert await ingress.knock(changed) == "signature_wrong"


@pytest.mark.parametrize(
    ("late", "expected"), [(299, "let in"), (300, "token_expired"), (301, "token_expired"), (9999, "token_expired")]
)
async def test_a_token_is_good_for_five_minutes_after_its_expiry(ingress: Ingress, late: int, expected: str) -> None:
    token = ingress.token(exp=int(NOW.timestamp()))
    ingress.clock.advance(late * SECOND)
    assert await ingress.knock(token) == expected


@pytest.mark.parametrize(("early", "expected"), [(299, "let in"), (300, "let in"), (301, "token_not_yet_valid")])
async def test_a_token_is_good_five_minutes_before_its_time(ingress: Ingress, early: int, expected: str) -> None:
    assert await ingress.knock(ingress.token(nbf=int(NOW.timestamp()) + early)) == expected


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"channelId": "webchat"}, "let in"),
        ({"channelId": "msteams"}, "channel_not_endorsed"),
        ({"channelId": None}, "channel_not_endorsed"),
        ({"channelId": ["directline"]}, "channel_not_endorsed"),
        ({"serviceUrl": "https://evil.example/"}, "service_url_wrong"),
        ({"serviceUrl": None}, "service_url_wrong"),
        ({"serviceUrl": {}}, "service_url_wrong"),
    ],
)
async def test_the_activity_must_be_the_one_that_the_token_is_for(
    ingress: Ingress, members: Any, expected: str
) -> None:
    assert await ingress.knock(ingress.token(), ACTIVITY | members) == expected


async def test_in_a_set_every_activity_must_be(ingress: Ingress) -> None:
    # given sets of activities, in which one is of another service
    other = ACTIVITY | {"serviceUrl": "https://evil.example/"}
    bodies = [{"activities": [ACTIVITY, other]}, [ACTIVITY, other], other | {"activities": [ACTIVITY]}]
    # when they come with a right token, then they are refused, and right ones are not
    assert [await ingress.knock(ingress.token(), body) for body in bodies] == ["service_url_wrong"] * 3
    assert await ingress.knock(ingress.token(), {"activities": [ACTIVITY], "watermark": "1"}) == "let in"
    assert await ingress.knock(ingress.token(), {"activities": [7]}) == "service_url_wrong"
    assert await ingress.knock(ingress.token(), "activity") == "service_url_wrong"


async def test_an_authentic_body_that_is_no_json_is_told_so(ingress: Ingress) -> None:
    assert await ingress.knock(ingress.token(), b"{") == "invalid_activity"
    assert await ingress.knock(ingress.token(iss="x"), b"{") == "issuer_wrong"


async def test_a_key_without_endorsements_vouches_for_no_channel(ingress: Ingress) -> None:
    ingress.issuer.endorsements = ()
    assert await ingress.knock(ingress.token()) == "channel_not_endorsed"


async def test_without_a_token_nobody_is_let_in(ingress: Ingress) -> None:
    assert await ingress.knock(None) == "credentials_missing"
    basic = {"authorization": "Basic Y29udG9zbzp4"}
    assert await ingress.ask("contoso-chat/webchat", basic, ACTIVITY) == "credentials_missing"
    assert (
        await ingress.ask("contoso-chat/webchat", {"authorization": f"bearer {ingress.token()}"}, ACTIVITY) == "let in"
    )


async def test_only_the_bots_of_the_account_are_audiences(ingress: Ingress) -> None:
    # given an account that names one of the tenant's bots
    await put(ingress, bots=["two"])
    ask = [
        ({"authorization": f"Bearer {ingress.token(aud=aud)}"}) for aud in (APP_ID, OTHER_APP_ID, OTHER_APP_ID.upper())
    ]
    # when tokens for the one and the other come, then only its own are let in
    assert [await ingress.ask("a/c", headers, ACTIVITY, "small") for headers in ask] == [
        "audience_wrong",
        "let in",
        "let in",
    ]


async def test_the_keys_are_read_once_a_day(ingress: Ingress) -> None:
    # given many activities in a day
    for _ in range(24):
        assert await ingress.knock(ingress.token()) == "let in"
        ingress.clock.advance(timedelta(minutes=59))
    assert len(ingress.issuer.reads) == 2
    # when the day is over, then metadata and keys are read again
    ingress.clock.advance(timedelta(hours=1))
    assert await ingress.knock(ingress.token()) == "let in"
    assert len(ingress.issuer.reads) == 4


async def test_a_new_key_is_taken_and_an_old_one_no_longer(ingress: Ingress) -> None:
    assert await ingress.knock(ingress.token()) == "let in"
    old = ingress.token()
    # given an issuer that has changed its keys
    ingress.issuer.keys = ("key-2",)
    ingress.clock.advance(timedelta(minutes=1))
    # when a token by the new one comes, then it is let in, and the old key is none any more
    assert await ingress.knock(ingress.token()) == "let in"
    assert await ingress.knock(old) == "key_unknown"


async def test_made_up_keys_do_not_make_us_ask_all_the_time(ingress: Ingress) -> None:
    assert await ingress.knock(ingress.token()) == "let in"
    # given a minute of tokens with key ids that nobody has
    ingress.clock.advance(timedelta(minutes=1))
    for n in range(60):
        assert await ingress.knock(ingress.token(header={"kid": f"made-up-{n}"}, signed_by="key-1")) == "key_unknown"
        ingress.clock.advance(SECOND)
    # then the keys were read once more
    assert len(ingress.issuer.reads) == 4


async def test_while_the_metadata_is_down_nothing_is_let_in_that_cannot_be_checked(ingress: Ingress) -> None:
    # given an issuer that does not answer
    ingress.issuer.down = True
    assert await ingress.knock(ingress.token()) == "authentication_unavailable"
    asked = len(ingress.issuer.reads)
    # when more comes at once, then it is not asked again, and when it is back, it is
    assert await ingress.knock(ingress.token()) == "authentication_unavailable"
    assert len(ingress.issuer.reads) == asked
    ingress.issuer.down = False
    ingress.clock.advance(timedelta(seconds=10))
    assert await ingress.knock(ingress.token()) == "let in"
    # when it goes again, then known keys hold for their day, an unknown one may be right, and then nothing holds
    ingress.issuer.down = True
    ingress.clock.advance(timedelta(hours=23))
    assert await ingress.knock(ingress.token()) == "let in"
    assert await ingress.knock(ingress.token(header={"kid": "key-2"})) == "authentication_unavailable"
    assert await ingress.knock(ingress.token(aud="x")) == "audience_wrong"
    ingress.clock.advance(timedelta(hours=1))
    assert await ingress.knock(ingress.token()) == "authentication_unavailable"


async def test_telegrams_token_must_be_right_to_the_last_character(ingress: Ingress) -> None:
    # given the secret that Telegram was told
    header = "x-telegram-bot-api-secret-token"
    update = {"update_id": 1}
    assert await ingress.ask("contoso-telegram/telegram", {header: TELEGRAM_SECRET}, update) == "let in"
    # when one character is another one, or is missing, or there is one more
    wrong = [TELEGRAM_SECRET[:n] + "~" + TELEGRAM_SECRET[n + 1 :] for n in range(len(TELEGRAM_SECRET))]
    wrong += [TELEGRAM_SECRET[:-1], f"{TELEGRAM_SECRET}x", TELEGRAM_SECRET.upper(), "\xff\udcff"]
    # then it is refused
    said = [await ingress.ask("contoso-telegram/telegram", {header: text}, update) for text in wrong]
    assert said == ["secret_token_wrong"] * len(wrong)
    assert await ingress.ask("contoso-telegram/telegram", {header: ""}, update) == "credentials_missing"
    assert await ingress.ask("contoso-telegram/telegram", {}, update) == "credentials_missing"


SIGNED_BY_ONE_BYTE = {
    "webhook-id": "1",
    "webhook-timestamp": str(int(NOW.timestamp())),
    "webhook-signature": Webhook(b"x").sign("1", NOW, "{}"),
}
HUB_SIGNATURE = f"sha256={hmac.new(b'x', b'{}', hashlib.sha256).hexdigest()}"
OWN = "env:PATCHBAY_SECRET_SMALL_"
OLD, NEW = "the_old_secret_of_32_characters_", "the_new_secret_of_32_characters_"


async def test_while_a_secret_is_replaced_the_old_one_holds_too(ingress: Ingress) -> None:
    await put(ingress, dialect="telegram", secrets=[f"{OWN}NEW", f"{OWN}OLD", f"{OWN}GONE"])
    ingress.secrets.values |= {f"{OWN}NEW": NEW, f"{OWN}OLD": OLD}
    said = [
        await ingress.ask("a/c", {"x-telegram-bot-api-secret-token": text}, {}, "small")
        for text in (NEW, OLD, f"{OWN}GONE", "None", "")
    ]
    assert said == ["let in", "let in", "secret_token_wrong", "secret_token_wrong", "credentials_missing"]


async def test_a_channel_without_what_it_proves_itself_with_is_closed(ingress: Ingress) -> None:
    # given channels whose secret is not named, or is named and not set, or that have no bot with an app id
    header = {"x-telegram-bot-api-secret-token": "anything"}
    await put(ingress, dialect="telegram")
    assert await ingress.ask("a/c", header, {}, "small") == "authentication_not_configured"
    assert await ingress.ask("contoso-app/app", {}, {}) == "authentication_unavailable"
    # then nobody is let in, whereas a channel that is open to everybody says so
    document = json.loads(contoso().to_json())
    document["accounts"][0]["channels"][0]["authentication"] = "none"
    await ingress.senders.configurations.put("contoso", json.dumps(document).encode(), None)
    ingress.clock.advance(timedelta(minutes=2))
    assert await ingress.knock(None) == "let in"


async def test_a_setting_that_holds_no_usable_secret_is_named_in_the_log(
    ingress: Ingress, caplog: pytest.LogCaptureFixture
) -> None:
    # given a setting that holds something else than base64
    ingress.secrets.values["env:PATCHBAY_SECRET_CONTOSO_APP"] = "whsec_not-base64"
    # when its channel's sender knocks twice
    headers = {
        "webhook-id": "1",
        "webhook-timestamp": str(int(NOW.timestamp())),
        "webhook-signature": "v1,x",
    }
    said = [await ingress.ask("contoso-app/app", headers, {}) for _ in range(2)]
    # then it cannot be checked, and the log says once which setting it is, and why, without the secret
    assert said == ["authentication_unavailable"] * 2
    [line] = [record.getMessage() for record in caplog.records if "PATCHBAY_SECRET_CONTOSO_APP" in record.getMessage()]
    assert "channel contoso-app/app of contoso" in line
    assert "is no base64" in line
    assert "not-base64" not in line


@pytest.mark.parametrize(
    ("channel", "headers", "secret", "why"),
    [
        ("contoso-telegram/telegram", {"x-telegram-bot-api-secret-token": "x"}, "x", "has 1 characters"),
        ("contoso-telegram/telegram", {"x-telegram-bot-api-secret-token": "x" * 15}, "x" * 15, "has 15 characters"),
        ("contoso-telegram/telegram", {"x-telegram-bot-api-secret-token": "é" * 32}, "é" * 32, "is no secret token"),
        ("contoso-whatsapp/whatsapp", {"x-hub-signature-256": HUB_SIGNATURE}, "x", "has 1 characters"),
        ("contoso-app/app", SIGNED_BY_ONE_BYTE, "whsec_eA==", "has 1 bytes"),
    ],
)
async def test_a_secret_that_anybody_may_find_lets_nobody_in(
    ingress: Ingress,
    caplog: pytest.LogCaptureFixture,
    channel: str,
    headers: dict[str, str],
    secret: str,
    why: str,
) -> None:
    # given a channel whose secret is short
    await ingress.senders.configurations.put("contoso", CONTOSO, None)
    ingress.clock.advance(timedelta(minutes=2))
    name = f"env:PATCHBAY_SECRET_CONTOSO_{channel.partition('/')[2].upper()}"
    ingress.secrets.values[name] = secret
    # when somebody who found it knocks, then nobody is let in, and the log says why
    assert await ingress.ask(channel, headers, b"{}") == "authentication_unavailable"
    [line] = [record.getMessage() for record in caplog.records if name in record.getMessage()]
    assert why in line
    assert f" {secret}" not in line


async def test_a_tenant_cannot_name_the_secret_of_another_one_nor_any_other_variable(
    ingress: Ingress, caplog: pytest.LogCaptureFixture
) -> None:
    # given tenants that name a secret of contoso's, and a variable that is no secret but anybody may know
    ingress.secrets.values |= {"env:SHARED_TELEGRAM": NEW, "env:PATH": NEW}
    header = {"x-telegram-bot-api-secret-token": NEW}
    known = {"x-telegram-bot-api-secret-token": TELEGRAM_SECRET}
    for named, given in (
        ("env:PATCHBAY_SECRET_CONTOSO_TELEGRAM", known),
        ("env:PATH", header),
        ("env:SHARED_TELEGRAM", header),
    ):
        await put(ingress, dialect="telegram", secret=named)
        ingress.clock.advance(timedelta(minutes=2))
        # when somebody knocks who knows it, then nobody is let in, and the log names the setting
        assert await ingress.ask("a/c", given, {}, "small") == "authentication_unavailable"
        assert f"channel a/c of small may not name {named}" in caplog.text
    # and what the operator grants to a tenant, that may name
    document = small_document(tenantId="granted", accounts=[telegram("env:SHARED_TELEGRAM")])
    await ingress.senders.configurations.put("granted", json.dumps(document).encode(), None)
    assert await ingress.ask("a/c", header, {}, "granted") == "let in"


def telegram(secret: str) -> dict[str, Any]:
    channel = {"id": "c", "workStream": "W", "secret": secret}
    return {"id": "a", "dialect": "telegram", "channels": [channel]}


async def test_a_line_break_behind_a_secret_is_no_part_of_it(ingress: Ingress) -> None:
    # given a secret that a file or a vault ended with a line break
    ingress.secrets.values["env:PATCHBAY_SECRET_CONTOSO_TELEGRAM"] = f"{TELEGRAM_SECRET}\n"
    header = {"x-telegram-bot-api-secret-token": TELEGRAM_SECRET}
    assert await ingress.ask("contoso-telegram/telegram", header, {}) == "let in"


async def test_a_channel_that_there_is_not_is_refused_as_one_that_proves_nothing(ingress: Ingress) -> None:
    assert await ingress.ask("contoso-chat/other", {}, {}) == "unknown_channel"
    assert await ingress.ask("other/webchat", {}, {}) == "unknown_channel"
    assert await ingress.ask("contoso-chat/webchat", {}, {}, "nobody") == "unknown_channel"


async def test_on_the_local_host_what_can_be_checked_is_checked(
    ingress: Ingress, caplog: pytest.LogCaptureFixture
) -> None:
    # given the same ingress on the local host, where one of two secrets is set
    senders = ingress.senders
    local = Senders(senders.configurations, senders.bot_connector, senders.secrets, ingress.clock, lenient=True)
    here = Ingress(local, ingress.issuer, ingress.clock, ingress.secrets)
    # when senders come without a proof, then those are let in whose proof nobody could check
    assert await here.knock(None) == "let in"
    assert [await here.ask("contoso-app/app", {}, {}) for _ in range(2)] == ["let in"] * 2
    assert await here.ask("contoso-telegram/telegram", {}, {}) == "credentials_missing"
    assert await here.ask("contoso-chat/other", {}, {}) == "let in"
    # and a token that is sent must be right
    assert await here.knock(here.token()) == "let in"
    assert await here.knock(here.token(aud="x")) == "audience_wrong"
    # and the log says once who was let in
    said = [record.getMessage() for record in caplog.records if "without proof" in record.getMessage()]
    assert len(said) == 1
    assert "contoso-app/app of contoso" in said[0]
    assert "env:PATCHBAY_SECRET_CONTOSO_APP" in said[0]
