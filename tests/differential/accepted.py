"""Differences from runc 1.1 that we keep on purpose, each with its reason."""

from __future__ import annotations

import re

# (case, fact, reason): regular expressions that must match whole.
ACCEPTED: tuple[tuple[str, str, str], ...] = (
    (
        r".*user-namespace.*",
        r"dev /dev/mqueue",
        "runc makes the ipc namespace before it takes root's group, so that the message queues belong to no group",
    ),
    (
        r".*rootfs-propagation-r?shared.*",
        r"mount .*",
        "runc 1.1 sets the propagation of the root before it becomes the root, and thereby loses it; later ones do not",
    ),
    (
        r".*tmpfs-(size-65536k-mode-700|user).*",
        r"root //mnt",
        "runc 1.1 gives a tmpfs the mode of the directory below it, though the options have a mode; later ones do not",
    ),
    (r".*seccomp-flags.*", r".*", "runc 1.1 supports no flags"),
    (
        r".*user-namespace-no-network.*",
        r".*",
        "runc refuses to mount sysfs without a network namespace of the container's; we bind the host's, as crun does",
    ),
    (
        r".*rootfs-propagation-r?unbindable.*",
        r".*",
        "runc cannot bind the rootfs in a tree that it has made unbindable, and refuses a value that the spec allows",
    ),
)


def accepted(case: str, fact: str, ours: str | None, theirs: str | None) -> bool:
    """Whether a difference stands in the list."""
    return any(re.fullmatch(one, case) and re.fullmatch(other, fact) for one, other, _reason in ACCEPTED)
