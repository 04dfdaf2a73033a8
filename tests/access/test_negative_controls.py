"""The tests of who may come in notice what lets in too many, or tells too much."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from shared import bootstrap
from shared.access.access import Access
from shared.access.request import Request
from shared.access.senders import Senders
from shared.errors import Unauthorized
from shared.pipeline import Pipeline
from shared.settings import AccessSettings
from tests.access import test_senders
from tests.access.test_senders import HOSTILE, Ingress, contoso_ingress
from tests.functions import test_access
from tests.functions.test_access import (
    check_a_webhook_is_opened_by_its_channels_proof,
    closed_host,
    serving_directory,
)


@dataclass(frozen=True)
class Forgiving(Senders):
    """Senders' proofs that let in what is refused for one fault."""

    forgiven: str = ""

    async def prove_channel(self, request: Request) -> None:
        try:
            await super().prove_channel(request)
        except Unauthorized as refusal:
            if refusal.fault != self.forgiven:
                raise


@asynccontextmanager
async def forgiving_ingress(fault: str) -> AsyncIterator[Ingress]:
    async with contoso_ingress() as ingress:
        yield replace(ingress, senders=Forgiving(**vars(ingress.senders), forgiven=fault))


async def test_a_token_is_good_for_ever() -> None:
    async with forgiving_ingress("token_expired") as ingress:
        with pytest.raises(AssertionError, match="'let in' == 'token_expired'"):
            await test_senders.test_a_token_is_good_for_five_minutes_after_its_expiry(ingress, 300, "token_expired")


async def test_a_tokens_service_is_not_the_activitys() -> None:
    hostile = [(what, members) for what, members, fault in HOSTILE if fault == "service_url_wrong"]
    assert hostile
    async with forgiving_ingress("service_url_wrong") as ingress:
        for what, members in hostile:
            with pytest.raises(AssertionError, match="'let in' == 'service_url_wrong'"):
                await test_senders.test_a_hostile_token_is_refused(ingress, what, members, "service_url_wrong")


async def test_a_role_holds_for_every_tenant(tmp_path: Path) -> None:
    def access_to(own: Pipeline, settings: AccessSettings) -> Access:
        access = bootstrap.access_to(own, settings)
        return replace(access, grants=dict.fromkeys(access.grants, frozenset(("contoso", "fabrikam", "nobody"))))

    async with serving_directory() as directory, closed_host(tmp_path, directory, access_to) as closed:
        with pytest.raises(AssertionError, match="'fabrikam': None"):
            await test_access.test_every_route_is_opened_by_its_role_for_the_callers_tenants_only(
                closed, "get_configuration"
            )


class Telling(Access):
    """Tells each caller for what it was refused."""

    async def authorize(self, function: str, request: Request) -> str | None:
        try:
            return await super().authorize(function, request)
        except Unauthorized as refusal:
            raise Unauthorized(refusal.fault, disclosed=True) from refusal


async def test_an_unknown_channel_answers_otherwise_than_a_wrong_proof(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def access_to(own: Pipeline, settings: AccessSettings) -> Access:
        return Telling(**vars(bootstrap.access_to(own, settings)))

    with pytest.raises(AssertionError, match="unknown_channel"):
        await check_a_webhook_is_opened_by_its_channels_proof(tmp_path, monkeypatch, access_to)
