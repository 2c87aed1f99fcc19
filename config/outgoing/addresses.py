"""Which addresses of the network may be connected to: those of the public internet, and what a setting allows.

Refused are all that lead into the network that we stand in, or to the machine itself: an address that a vendor gives
must not open what only we can reach. IPv6 has forms that stand for an address of IPv4; these are refused whole, since
no server of a shop has only such a one.
"""

import ipaddress
from typing import Final

from django.conf import settings

Ip = ipaddress.IPv4Address | ipaddress.IPv6Address
# Beside what the standard library knows as not global, whose list grew over its versions. From the IANA's registries
# of special-purpose addresses, and from the clouds' documents on instance metadata.
REFUSED: Final = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24",
        "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24", "192.168.0.0/16", "192.175.48.0/24",
        "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4", "168.63.129.16/32",
        "::/96", "::1/128", "::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64",
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20", "5f00::/16", "fc00::/7", "fe80::/10", "fec0::/10",
        "ff00::/8",
    )
]  # fmt: skip


def may_connect(address: str) -> bool:
    """Whether a connection may be opened to this address, as getaddrinfo gives it."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.scope_id:
        return False
    if any(found in network for network in _allowed() if network.version == found.version):
        return True
    return found.is_global and not any(found in net for net in REFUSED if net.version == found.version)


def _allowed() -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    return [ipaddress.ip_network(text) for text in settings.OUTGOING_ALLOWED_NETWORKS]
