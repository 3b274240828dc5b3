"""Differences from crun 1.8: in each of them we do as runc does, unless the reason says otherwise.

A difference is a translation: what crun shows, with it applied, must be exactly what ours shows.
"""

from __future__ import annotations

import re

ABSENT = "(absent)"  # the value of a fact that one of them does not have
PLAIN = r"(?!.*user-namespace).*"
USER_NAMESPACE = r".*user-namespace.*"
MASKED_FILE = r"mount (/proc/keys|/proc/timer_list|/etc/passwd) 1"
MASKED_FOLDER = r"mount (/proc/acpi|/sys/firmware|/tmp) 1"
BELOW_SYS = r"mount /sys/fs/cgroup(/\w+)? 1"
DEVICES = r"host-cgroup devices/devices\.list"
RUNC_ALLOWS = "b *:* m\nc *:* m" + "".join(
    f"\nc {numbers} rwm" for numbers in ("10:200", "136:*", "1:3", "1:5", "1:7", "1:8", "1:9", "5:0", "5:2")
)

# (case, fact, what crun shows, what we show, reason): regular expressions for `re.fullmatch`, and one for `re.sub`.
TRANSLATIONS: tuple[tuple[str, str, str, str, str], ...] = (
    # devices
    (r".*", r"dev /dev/core", r".+", ABSENT, "crun makes a link to /proc/kcore"),
    (
        r".*", DEVICES, r"(?s)(?<=c \*:\* m\n)(.*)c 5:1 rwm\n", r"c 10:200 rwm\n\1",
        "among the devices that are always allowed crun has the host's /dev/console, runc /dev/net/tun",
    ),
    (r".*", r"mknod tun", r"EPERM", "opened", "the same"),
    (r".*devices-absent.*", DEVICES, r"a \*:\* rwm", RUNC_ALLOWS, "without a rule crun allows everything"),
    (USER_NAMESPACE, r"mount /dev/(full|null|random|tty|urandom|zero) 1", r"rw,nosuid,noexec,", "rw,",
     "crun binds the host's devices with flags of /dev"),
    # masked and read-only paths
    (
        PLAIN, MASKED_FILE, r"ro,relatime (.*)- devtmpfs .*", r"rw,nosuid \1- tmpfs tmpfs rw,size=65536k,mode=755",
        "crun masks files by the host's /dev/null, and read-only; runc by the container's",
    ),
    (USER_NAMESPACE, MASKED_FILE, r" ro,relatime", " rw,relatime", "the same; there both are the host's"),
    (r".*", MASKED_FOLDER, r"tmpfs rw,size=0k", "tmpfs ro", "crun limits the size of what masks a folder"),
    (r"(?!.*no-network).*", r"mount /sys 1", r"( ro,.*sysfs) rw", r"\1 ro", "crun makes only the mount read-only"),
    (r"proc-readonly", r"mount /proc 1", r"proc rw", "proc ro", "the same"),
    (r"proc-readonly", r"mount /proc/\w+ 1", r" ro,relatime  - proc proc rw",
     " ro,nosuid,nodev,noexec,relatime  - proc proc ro", "runc keeps the flags of what lies below"),
    # mounts
    (r".*", r"mount /sys/fs/cgroup [12]", r"tmpfs cgroup rw,size=1024k", "tmpfs tmpfs rw,mode=755",
     "names and options"),
    (r"cgroup-namespace", r"mount /sys/fs/cgroup/systemd 1", r"/sys/fs/cgroup/systemd rw", "systemd rw",
     "the source's name"),
    (r"cgroup-namespace", r"mount /sys/fs/cgroup/\w+ 1", r"/sys/fs/cgroup/\w+ rw", "cgroup rw", "the source's name"),
    (r".*", r"list /sys/fs/cgroup/net_(cls|prio)", r".+", ABSENT, "crun makes links for controllers that are none"),
    (r".*", r"root //(mnt|a|etc)|list /mnt/folder", r"41(777|755)", "40755",
     "crun's tmpfs does not take over the mode of the folder below it, and folders that it makes are sticky"),
    (r".*bind-r?bind-r?shared.*", r"mount /mnt 1", r"relatime  -", "relatime shared -", "crun drops the propagation"),
    (r".*bind-r?bind-unbindable.*", r"mount /mnt 1", r"relatime  -", "relatime unbindable -", "the same"),
    (r".*user-namespace.*bind-nosuid-nodev-noexec.*", r"mount /mnt 1", r"(?<= /) rw,", " rw,nosuid,nodev,noexec,",
     "crun loses flags of a bind in a user namespace"),
    (r".*user-namespace-no-network.*", r"mount /sys 1", r" ro,", " ro,nosuid,nodev,noexec,",
     "where both bind the host's /sys (runc refuses): the flags of the config hold all the same"),
    # the process
    (r".*", r"environ HOME=/", re.escape(ABSENT), "", "crun sets no HOME for a user that is not in /etc/passwd"),
)  # fmt: skip

# (case, fact, reason): crun makes such a device itself, which is better; the host's has an owner that is not mapped.
DIFFERENT: tuple[tuple[str, str, str], ...] = (
    (r".*device-user-namespace.*", r"(dev|device|mount) /dev/fuse .*|dev /dev/fuse", "runc binds the host's"),
)

# Configs that are refused: the case, by whom, and why.
REFUSED: tuple[tuple[str, str, str], ...] = (
    (r".*resources-cpu-unlimited.*", "crun", "a quota of -1 with a period: out of range"),
    (r".*resources-pids-unlimited.*", "crun", "it writes -1 instead of `max`"),
    (r".*rlimit-many.*", "crun", "its own descriptors are limited to 10, too, before it has filled the cpuset"),
    (r".*seccomp-default-errno.*", "crun", "it wants an errno only where the default action has one"),
    (r".*rootfs-propagation-runbindable.*", "crun", "it cannot bind cgroups in a tree that it has made unbindable"),
    (r".*user-namespace-rlimit\+user-namespace.*", "ours", "two namespaces of a type, which the spec forbids"),
    (r".*user-namespace.*\+bind-file.*", "both", "the namespace's root cannot make a file in the host's rootfs"),
)  # fmt: skip


def as_ours(case: str, fact: str, theirs: str) -> str | None:
    """crun's value of a fact as ours should be; None if ours may be any."""
    if any(re.fullmatch(one, case) and re.fullmatch(other, fact) for one, other, _reason in DIFFERENT):
        return None
    for one, other, pattern, replacement, _reason in TRANSLATIONS:
        if re.fullmatch(one, case) and re.fullmatch(other, fact):
            theirs = re.sub(pattern, replacement, theirs)
    return theirs


def refused(case: str) -> tuple[bool, bool]:
    """Whether crun, and whether we, refuse a config."""
    by = {who for one, who, _reason in REFUSED if re.fullmatch(one, case)}
    return bool(by & {"crun", "both"}), bool(by & {"ours", "both"})
