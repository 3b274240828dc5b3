"""Attempts: each tries one thing for real, in a process that `child.attempt` made for it and that ends after it.

An attempt returns the detail to show, or raises OSError (the kernel's reason) or Missing. It may unshare, mount in a
private mount namespace, or give up root: nobody else shares its process. It starts in an empty folder of its own.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

from . import files, namespaces, networking, security, system_calls
from .kernel import Missing

ATTEMPTS: dict[str, Callable[..., str]] = {
    "namespace": namespaces.namespace,
    "userns": namespaces.userns,
    "userns_rootless": namespaces.userns_rootless,
    "userns_proc": namespaces.userns_proc,
    "overlayfs": files.overlayfs,
    "overlayfs_userns": files.overlayfs_userns,
    "idmapped_mounts": files.idmapped_mounts,
    "device": files.device,
    "system_call": system_calls.system_call,
    "memfd_seal": system_calls.memfd_seal,
    "checkpoint": system_calls.checkpoint,
    "seccomp_action": security.seccomp_action,
    "libseccomp": security.libseccomp,
    "bpf_cgroup_device": security.bpf_cgroup_device,
    "nftables": networking.nftables,
    "kvm": files.kvm,
}


def main() -> None:
    """`NAME ARGUMENTS...` from the command line: prints the detail, exits with 0 (works) or 1."""
    name, *arguments = sys.argv[1:]
    try:
        print(ATTEMPTS[name](*arguments))
    except Missing as missing:
        print(missing)
        sys.exit(1)
    except OSError as error:
        what = f"{error.filename}: " if error.filename else ""
        print(f"{what}{os.strerror(error.errno or 0)}")
        sys.exit(1)
