"""Only public addresses may be asked."""

import pytest

from shared.outgoing import AddressRefused
from shared.web.addresses import accepted, is_loopback, is_public

PRIVATE = (
    "127.0.0.1",
    "127.8.8.8",
    "0.0.0.0",  # it is refused
    "10.1.2.3",
    "172.16.0.1",
    "192.168.0.1",
    "100.64.0.1",
    "169.254.169.254",
    "168.63.129.16",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "203.0.113.7",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "64:ff9b::7f00:1",
    "64:ff9b::808:808",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2002:7f00:1::",
    "fc00::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
    "::ffff:0:7f00:1",  # IPv4 as a translator (SIIT) has it
    "::ffff:0:a00:1",
    "200::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "e000::1",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_public_is_not(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "20.50.2.1", "2606:4700:4700::1111", "2a00:1450:4001::1"])
def test_what_is_public_is(address: str) -> None:
    assert is_public(address)
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("address", "reason"),
    [
        ("", "it is no URL with a host"),
        ("https://", "it is no URL with a host"),
        ("https://[", "it is no URL"),
        ("https://bot.contoso.com:x/", "it is no URL"),
        ("https://bot.contoso.com:70000/", "it is no URL"),
        ("//bot.contoso.com/", "it is not https"),
        ("http://bot.contoso.com/", "it is not https"),
        ("ftp://bot.contoso.com/", "it is not https"),
        ("file:///etc/passwd", "it is no URL with a host"),
        ("https://bot.contoso.com:8443/", "its port is not 443"),
        ("https://127.0.0.1:443@evil.example/", "it holds a user's name"),
        ("https://user:secret@bot.contoso.com/", "it holds a user's name"),
        ("http://127.0.0.1:7071/", "it is not https"),
        ("http://localhost/", "it is not https"),
    ],
)
def test_an_address_that_may_not_be_asked_is_refused_with_its_reason(address: str, reason: str) -> None:
    with pytest.raises(AddressRefused) as refused:
        accepted(address, loopback=False)
    # and what may be secret in it is not repeated
    assert refused.value.reason == reason
    assert "secret" not in refused.value.detail


def test_where_this_machine_may_be_asked_it_is_at_any_port_and_nobody_else() -> None:
    for address in ("http://127.0.0.1:7071/api", "http://localhost:1/", "http://[::1]:9/", "https://127.0.0.1:8443/"):
        assert accepted(address, loopback=True).port is not None
    for address in ("http://127.0.0.2/", "http://127.1/", "http://localhost.evil.example/", "http://10.0.0.1/"):
        with pytest.raises(AddressRefused):
            accepted(address, loopback=True)
