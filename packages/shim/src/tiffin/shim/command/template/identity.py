"""Who may have work done by a template: a process that is like it in all that a child inherits.

So it makes no difference who has forked a shim. What is compared is what the kernel tells in /proc: namespaces, root,
cgroups, limits, user and groups, capabilities, seccomp, security context, umask, blocked signals, processors, priority,
OOM score.

Source: proc(5), fork(2).
"""

from __future__ import annotations

import os

STATUS = (
    "Umask:", "Uid:", "Gid:", "Groups:", "SigBlk:", "CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:",
    "NoNewPrivs:", "Seccomp:", "Cpus_allowed:", "Mems_allowed:",
)  # fmt: skip
STAT = (17, 18, 39, 40)  # priority, nice, rt_priority, policy: from field 1, the pid, as 0
TEXTS = ("cgroup", "limits", "oom_score_adj", "personality", "attr/current", "timens_offsets")


def is_alike(pid: int) -> bool:
    """Whether a process, which must live while it is looked at, is like this one."""
    try:
        return identity_of(str(pid)) == identity_of("self")
    except OSError:  # it has ended, or is hidden from us
        return False


def identity_of(process: str) -> tuple[object, ...]:
    """What is compared. process: a folder of /proc. Raises OSError."""
    folder = f"/proc/{process}"
    namespaces = tuple(
        (name, os.readlink(f"{folder}/ns/{name}")) for name in sorted(os.listdir(f"{folder}/ns"))
    )
    root = os.stat(f"{folder}/root")
    status = tuple(line for line in _read(f"{folder}/status").splitlines() if line.startswith(STATUS))
    numbers = _read(f"{folder}/stat").rpartition(")")[2].split()  # from field 3 on
    scheduling = tuple(numbers[index - 2] for index in STAT)
    texts = tuple(_optional(f"{folder}/{name}") for name in TEXTS)
    return namespaces, (root.st_dev, root.st_ino), status, scheduling, texts


def _read(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as stream:
        return stream.read()


def _optional(path: str) -> str | None:
    """None: this kernel has it not, or nobody may read it."""
    try:
        return _read(path)
    except (FileNotFoundError, PermissionError):
        return None
    except OSError:  # attr/current without a security module: EINVAL
        return None
