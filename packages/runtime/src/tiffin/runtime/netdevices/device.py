"""One network device, as it is before it moves: what the kernel keeps by itself, and what it drops."""

from __future__ import annotations

import errno
from typing import Any

from pyroute2 import IPRoute, NetlinkError  # type: ignore[import-untyped]

from ..errors import NotFound
from ..record import Record

IFF_UP = 1
IFA_F_PERMANENT = 0x80
IFA_F_NODAD = 0x02
IFA_F_HOMEADDRESS = 0x10
IFA_F_MANAGETEMPADDR = 0x100
IFA_F_NOPREFIXROUTE = 0x200
# Set by whoever added the address; the other flags are the kernel's own view of it.
KEPT_FLAGS = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR | IFA_F_NOPREFIXROUTE
RT_SCOPE_UNIVERSE = 0


class Address(Record):
    """One IP address with its prefix length; peer is the other end of a point-to-point link, "" if none."""

    family: int
    address: str
    prefix_length: int
    peer: str
    broadcast: str
    flags: int


class Device(Record):
    """A device in the namespace that the controller runs in."""

    name: str
    ifindex: int
    up: bool
    addresses: tuple[Address, ...]


def read_device(route: IPRoute, name: str) -> Device:
    """Looks a device up with its permanent addresses of global scope.

    Raises:
        NotFound: there is none of this name.
    """
    index = find_index(route, name)
    if index is None:
        raise NotFound(f"linux.netDevices.{name}: the host has no network device of this name")
    (link,) = route.link("get", index=index)
    addresses = tuple(_address(message) for message in route.get_addr(index=index) if _moves_along(message))
    return Device(name, index, bool(link["flags"] & IFF_UP), addresses)


def find_index(route: IPRoute, name: str) -> int | None:
    """The index of a device, by its name alone (not by an alternative one)."""
    found = route.link_lookup(ifname=name)
    return int(found[0]) if found else None


def _moves_along(message: Any) -> bool:
    """Addresses that somebody configured, for talking to others (RFC 3549, section 2.3.3.2)."""
    return bool(_flags(message) & IFA_F_PERMANENT) and message["scope"] == RT_SCOPE_UNIVERSE


def _flags(message: Any) -> int:
    """All 32 flags; the header has room for 8."""
    wide = message.get("IFA_FLAGS")
    return int(message["flags"] if wide is None else wide)


def _address(message: Any) -> Address:
    own, other = message.get("IFA_LOCAL"), message.get("IFA_ADDRESS")
    return Address(
        family=int(message["family"]),
        address=own or other,
        prefix_length=int(message["prefixlen"]),
        peer=other if own and own != other else "",
        broadcast=message.get("IFA_BROADCAST") or "",
        flags=_flags(message) & KEPT_FLAGS,
    )


def add_address(route: IPRoute, index: int, address: Address) -> None:
    """Gives a device an address; one that it has already is fine.

    Raises:
        NetlinkError: the kernel refuses.
    """
    options: dict[str, Any] = {"prefixlen": address.prefix_length, "family": address.family}
    if address.peer:
        options |= {"local": address.address, "address": address.peer}
    else:
        options["address"] = address.address
    if address.broadcast:
        options["broadcast"] = address.broadcast
    if address.flags:
        options["IFA_FLAGS"] = address.flags
    try:
        route.addr("add", index=index, **options)
    except NetlinkError as error:
        if error.code != errno.EEXIST:
            raise
