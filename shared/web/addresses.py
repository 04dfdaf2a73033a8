"""Which addresses may be asked: public ones over HTTPS, and this machine where that is allowed."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit

from shared.outgoing import AddressRefused

_HTTPS_PORT = 443
_LOOPBACK_NAMES = ("127.0.0.1", "::1", "localhost")
_NOT_PUBLIC = tuple(
    map(
        ip_network,
        (
            "168.63.129.16/32",  # the platform of an Azure machine
            "192.0.0.0/24",  # protocols' own; Python knows some of it
            "192.88.99.0/24",  # relays between IPv4 and IPv6
            # Outside of global unicast (2000::/3): also IPv4 in IPv6, and the prefixes of NAT64 and SIIT.
            "::/3",
            "4000::/2",
            "8000::/1",
            "2001::/32",  # Teredo
            "2002::/16",  # 6to4
            "3fff::/20",  # examples
        ),
    )
)
"""What leads into networks of somebody's own, although Python, in some of its releases, calls it global."""


def is_public(address: str) -> bool:
    """True for an IP address that everybody on the internet reaches. Raises ValueError if it is none."""
    found = _unscoped(address)
    return found.is_global and not found.is_multicast and not any(found in network for network in _NOT_PUBLIC)


def is_loopback(address: str) -> bool:
    """True for an IP address of this machine's own. Raises ValueError if it is none."""
    return _unscoped(address).is_loopback


def accepted(address: str, *, loopback: bool) -> SplitResult:
    """The parts of an address that may be asked. What its name leads to is not known yet.

    `loopback`: this machine may be asked, over plain HTTP and at any port, too. Raises AddressRefused.
    """
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise AddressRefused("it is no URL") from None
    if not host:
        raise AddressRefused("it is no URL with a host")
    if parts.username is not None or parts.password is not None:
        raise AddressRefused("it holds a user's name")
    if loopback and parts.scheme in ("http", "https") and host in _LOOPBACK_NAMES:
        return parts
    if parts.scheme != "https":
        raise AddressRefused("it is not https")
    if port not in (None, _HTTPS_PORT):
        raise AddressRefused(f"its port is not {_HTTPS_PORT}")
    return parts


def _unscoped(address: str) -> IPv4Address | IPv6Address:
    """The IP address without the interface that a link-local one may name."""
    return ip_address(address.partition("%")[0])
