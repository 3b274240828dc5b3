"""The kernel's packet filter."""

from __future__ import annotations

import os

from .kernel import CLONE_NEWNET, Missing, unshare
from .namespaces import enter_user_namespace

NETLINK_NETFILTER = 12  # <linux/netlink.h>
NLMSG_ERROR, NLM_F_REQUEST = 2, 1
NFT_MSG_GETGEN = 10 << 8 | 16  # NFNL_SUBSYS_NFTABLES, <linux/netfilter/nf_tables.h>


def nftables() -> str:
    """Asks nf_tables for its generation, in a network namespace of its own."""
    import socket
    import struct

    try:
        unshare(CLONE_NEWNET)
    except PermissionError:
        enter_user_namespace()
        unshare(CLONE_NEWNET)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETLINK_NETFILTER) as netlink:
        netlink.settimeout(2)
        body = struct.pack("=BBH", socket.AF_UNSPEC, 0, 0)
        netlink.send(struct.pack("=IHHII", 16 + len(body), NFT_MSG_GETGEN, NLM_F_REQUEST, 1, 0) + body)
        answer = netlink.recv(4096)
    kind = struct.unpack_from("=IH", answer)[1]
    if kind == NLMSG_ERROR:
        number = -struct.unpack_from("=i", answer, 16)[0]
        raise Missing(f"nf_tables: {os.strerror(number)}")
    return "works"
