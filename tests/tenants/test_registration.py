"""Registering bots and channels: the rules that have codes of their own, and how channels prove themselves."""

import json
from typing import Any

import pytest

from shared.errors import InvalidConfiguration
from shared.tenants.configuration import Configuration
from shared.tenants.decode import decode_configuration
from shared.tenants.lint import lint
from tests.builders import small, small_document

A, B = "7D0CAE1C-0000-4000-8000-000000000001", "7d0cae1c-0000-4000-8000-000000000001"


def mistakes(**members: Any) -> list[tuple[str, str | None]]:
    """The path and the code of each mistake of a small configuration; empty where it has none."""
    try:
        decode_configuration("small", json.dumps(small_document(**members)).encode())
    except InvalidConfiguration as refusal:
        return [(mistake.path, mistake.code) for mistake in refusal.mistakes]
    return []


def accounts(dialect: str, *channels: dict[str, Any], **account: Any) -> list[dict[str, Any]]:
    listed = [{"id": f"c{n}", "workStream": "W", **channel} for n, channel in enumerate(channels)]
    return [{"id": "a", "dialect": dialect, "channels": listed, **account}]


@pytest.mark.parametrize(("length", "expected"), [(29, []), (30, []), (31, [("bots[0].name", "name_too_long")])])
def test_a_bots_name_has_at_most_thirty_characters(length: int, expected: list[Any]) -> None:
    assert mistakes(bots=[{"id": "b", "name": "ä" * length}]) == expected


def test_an_app_id_is_one_bots_in_whatever_case() -> None:
    # given two bots with one app id, written in two ways
    bots = [{"id": "a", "name": "A", "appId": A}, {"id": "b", "name": "B", "appId": B}]
    # when the configuration is read, then the later one is named, with Dynamics 365's code
    assert mistakes(bots=bots) == [("bots[1].appId", "1004 DuplicateBotAppId")]
    # and alone it is kept in lower case
    assert small(bots=bots[:1]).bots[0].app_id == B
    assert mistakes(bots=[{"id": "a", "name": "A", "appId": ""}]) == [("bots[0].appId", None)]


def test_a_channels_id_is_unique_in_its_account() -> None:
    twice = accounts("telegram", {"id": "t"}, {"id": "t"})
    assert mistakes(accounts=twice) == [("accounts[0].channels[1].id", "duplicate_channel_id")]
    elsewhere = [*accounts("telegram", {"id": "t"}), *accounts("cloudEvents", {"id": "t"}, id="b")]
    assert mistakes(accounts=elsewhere) == []


@pytest.mark.parametrize(
    ("dialect", "channel", "path"),
    [
        ("telegram", {"authentication": "botFramework"}, ".authentication"),
        ("cloudEvents", {"authentication": "telegram"}, ".authentication"),
        ("botFramework", {"authentication": "telegram"}, ".authentication"),
        ("cloudEvents", {"authentication": "password"}, ".authentication"),
        ("whatsApp", {"authentication": "telegram"}, ".authentication"),
        ("telegram", {"authentication": "whatsApp"}, ".authentication"),
        ("telegram", {"nativeId": "1"}, ".nativeId"),
        ("cloudEvents", {"handshakeSecret": "env:S"}, ".handshakeSecret"),
        ("whatsApp", {"handshakeSecret": "the secret itself"}, ".handshakeSecret"),
        ("botFramework", {"secret": "env:S"}, ".secret"),
        ("telegram", {"authentication": "none", "secrets": ["env:S"]}, ".secrets"),
        ("telegram", {"secret": "env:S", "secrets": ["env:T"]}, ".secrets"),
        ("telegram", {"secret": "the secret itself"}, ".secret"),
        ("telegram", {"secret": "@Microsoft.KeyVault(SecretUri=https://v/s)"}, ".secret"),
        ("telegram", {"secrets": ["env:S", "env:lower"]}, ".secrets[1]"),
    ],
)
def test_a_proof_that_cannot_be_is_named(dialect: str, channel: dict[str, Any], path: str) -> None:
    assert [found for found, _ in mistakes(accounts=accounts(dialect, channel))] == [f"accounts[0].channels[0]{path}"]


def test_the_bots_of_an_account_are_declared_and_have_app_ids() -> None:
    bots = [{"id": "a", "name": "A", "appId": A}, {"id": "b", "name": "B"}]
    named = accounts("botFramework", {}, bots=["a", "b", "c"])
    assert mistakes(bots=bots, accounts=named) == [("accounts[0].bots[1]", None), ("accounts[0].bots[2]", None)]


def test_what_an_error_says_of_a_secret_is_not_the_secret() -> None:
    # given somebody who wrote the secret where its reference belongs
    document = small_document(accounts=accounts("telegram", {"secret": "hunter2"}), eventSecrets=["hunter2"])
    with pytest.raises(InvalidConfiguration) as refusal:
        decode_configuration("small", json.dumps(document).encode())
    # then the refusal does not repeat it
    assert len(refusal.value.mistakes) == 2
    assert "hunter2" not in refusal.value.detail


BOT = [{"id": "a", "name": "A", "appId": A}]
CLOSED = [("channel_closed", "accounts[0].channels[0]")]


@pytest.mark.parametrize(
    ("members", "expected"),
    [
        ({"accounts": accounts("telegram", {})}, [("channel_closed", "accounts[0].channels[0]")]),
        (
            {"accounts": accounts("cloudEvents", {}, {"secret": "env:S"})},
            [("channel_closed", "accounts[0].channels[0]")],
        ),
        ({"accounts": accounts("botFramework", {})}, [("channel_closed", "accounts[0].channels[0]")]),
        ({"accounts": accounts("botFramework", {}), "bots": BOT}, []),
        ({"accounts": accounts("telegram", {"secrets": ["env:S"]})}, []),
        ({"accounts": accounts("botFramework", {"authentication": "standardWebhooks", "secret": "env:S"})}, []),
        (
            {"accounts": accounts("botFramework", {"authentication": "none"})},
            [("channel_open", "accounts[0].channels[0].authentication")],
        ),
    ],
)
def test_the_linter_names_channels_that_are_open_and_those_that_nobody_gets_through(
    members: dict[str, Any], expected: list[tuple[str, str]]
) -> None:
    configuration: Configuration = decode_configuration("small", json.dumps(small_document(**members)).encode())
    about_channels = [one for one in lint(configuration) if one.code.startswith("channel_")]
    assert [(one.code, one.path) for one in about_channels] == expected
