"""hostname, domainname and linux.sysctl as operations."""

from __future__ import annotations

import pytest
from packages.runtime.tests.compile.planning import config_of, created, named, only


def test_names_are_set_once_the_root_is_there() -> None:
    linux = {"sysctl": {"net.ipv4.ip_forward": "1"}, "maskedPaths": ["/proc/keys"]}
    seen = created(config_of(hostname="a", domainname="b", linux=linux))
    rows = named(seen, "pivot_root", "set_hostname", "set_domainname", "sysctl", "mask_path")
    assert [one.name for one in rows] == [
        "pivot_root",
        "set_hostname",
        "set_domainname",
        "sysctl",
        "mask_path",
    ]
    assert [one.where for one in rows[1:4]] == ["hostname", "domainname", "linux.sysctl.net.ipv4.ip_forward"]
    assert [one.fields["name"] for one in rows[1:3]] == ["a", "b"]


@pytest.mark.parametrize(
    ("key", "path"),
    [
        ("net.ipv4.ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"),
        ("net/ipv4/conf/eth0.1/forwarding", "net/ipv4/conf/eth0.1/forwarding"),
        ("net.ipv4.conf.eth0/1.forwarding", "net/ipv4/conf/eth0.1/forwarding"),
        ("kernel", "kernel"),
    ],
)
def test_a_sysctl_is_read_as_sysctl_8_does(key: str, path: str) -> None:
    found = only(created(config_of(linux={"sysctl": {key: "v"}})), "sysctl")
    assert found.fields == {"path": f"/proc/sys/{path}", "value": "v"}
