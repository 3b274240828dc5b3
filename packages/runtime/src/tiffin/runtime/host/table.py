"""The table of probes: one row for each thing that this host may or may not be able to do."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from . import cgroups, privileges, programs, services
from .child import attempt
from .finding import Finding, Probe

PARALLEL = 4  # attempts mostly wait for the kernel and for an interpreter to start
OLD_KERNEL = "a newer kernel; Tiffin falls back to older calls without it"
CONTAINER = "run on the host itself, or in a container with more privileges"
USERNS = (
    "sysctl user.max_user_namespaces=15000 (if 0), kernel.unprivileged_userns_clone=1 (Debian), "
    "kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu)"
)

_PRIVILEGES = (
    Probe("root", "privileges", "everything that asks for root", privileges.root, "run as root (sudo)"),
    *(
        Probe(f"cap_{name}", "privileges", purpose, partial(privileges.capability, name), CONTAINER)
        for name, purpose in (
            ("sys_admin", "mounts and namespaces"),
            ("net_admin", "network devices, packet filter"),
            ("sys_resource", "raising hard limits, lowering oom_score_adj"),
        )
    ),
    Probe("newuidmap", "privileges", "more than one id without root", privileges.newuidmap, "apt install uidmap"),
    Probe("subuid", "privileges", "more than one id without root", privileges.subordinate_ids,
          "usermod --add-subuids 100000-165535 --add-subgids 100000-165535 USER"),
)  # fmt: skip

_NAMESPACES = (
    Probe("userns", "namespaces", "user namespaces, as this user", partial(attempt, "userns"), USERNS),
    Probe("userns_rootless", "namespaces", "containers without root", partial(attempt, "userns_rootless"), USERNS),
    Probe("userns_proc", "namespaces", "a fresh /proc without root", partial(attempt, "userns_proc"),
          "start the outer container with an uncovered /proc (docker: --security-opt systempaths=unconfined)"),
    *(
        Probe(f"ns_{kind}", "namespaces", f"isolation: {what}", partial(attempt, "namespace", kind), CONTAINER)
        for kind, what in (
            ("mount", "mounts"), ("pid", "processes"), ("network", "network"), ("uts", "host name"),
            ("ipc", "System V IPC, message queues"), ("cgroup", "view of cgroups"), ("time", "boot-time clocks"),
        )
    ),
)  # fmt: skip

_CGROUPS = (
    Probe("cgroup_v1", "cgroups", "limits, by version 1", cgroups.version_1, "not needed where v2 is there"),
    Probe("cgroup_v2", "cgroups", "limits, by version 2 alone", cgroups.version_2,
          "boot with systemd.unified_cgroup_hierarchy=1"),
    Probe("cgroup_hybrid", "cgroups", "v1 controllers with a v2 beside them", cgroups.hybrid, "not needed"),
    Probe("cgroup_writable", "cgroups", "making groups", cgroups.writable,
          "run as root, or let systemd delegate (systemd-run --user -p Delegate=yes --scope)"),
    *(
        Probe(f"cgroup_{name}", "cgroups", f"{what}", partial(cgroups.controller, name),
              "mount the v1 controller, or enable it in cgroup.subtree_control")
        for name, what in (
            ("cpu", "--cpus, --cpu-shares"), ("cpuset", "--cpuset-cpus"), ("memory", "--memory"),
            ("pids", "--pids-limit"), ("devices", "device rules"), ("freezer", "pause, resume"),
            ("io", "block I/O weights and limits"), ("hugetlb", "limits of huge pages"), ("rdma", "limits of RDMA"),
        )
    ),
    Probe("bpf_cgroup_device", "cgroups", "device rules on v2", partial(attempt, "bpf_cgroup_device"), CONTAINER),
)  # fmt: skip

_FILES = (
    Probe("overlayfs", "files", "layers of an image", partial(attempt, "overlayfs"), CONTAINER),
    Probe("overlayfs_userns", "files", "layers of an image, without root", partial(attempt, "overlayfs_userns"),
          "Linux 5.11; layers are copied, or mounted by fuse-overlayfs, without it"),
    Probe("idmapped_mounts", "files", "volumes with shifted ids", partial(attempt, "idmapped_mounts"),
          "Linux 5.12 and a file system that supports it; root"),
    Probe("fuse", "files", "file systems in user space", partial(attempt, "device", "/dev/fuse"), "modprobe fuse"),
)  # fmt: skip

_SYSTEM_CALLS = (
    *(
        Probe(name, "system calls", purpose, partial(attempt, "system_call", name), OLD_KERNEL)
        for name, purpose in (
            ("openat2", "paths that stay inside a rootfs (5.6)"),
            ("open_tree", "mounts by descriptor (5.2)"),
            ("move_mount", "mounts by descriptor (5.2)"),
            ("fsopen", "mounts by descriptor (5.2)"),
            ("mount_setattr", "recursive mount attributes (5.12)"),
            ("clone3", "straight into a cgroup (5.7)"),
            ("pidfd_open", "processes that cannot be mistaken (5.3)"),
            ("pidfd_send_signal", "processes that cannot be mistaken (5.1)"),
            ("close_range", "no descriptor leaks (5.9)"),
            ("io_uring_setup", "seen by workloads; profiles may close it (5.1)"),
            ("get_mempolicy", "linux.memoryPolicy"),
        )
    ),
    Probe("memfd_seal", "system calls", "the sealed core", partial(attempt, "memfd_seal"), OLD_KERNEL),
)

_SECURITY = (
    Probe(
        "seccomp", "security", "system call filters", partial(attempt, "seccomp_action", "errno"), OLD_KERNEL
    ),
    Probe(
        "seccomp_notify",
        "security",
        "listenerPath",
        partial(attempt, "seccomp_action", "notify"),
        "Linux 5.0",
    ),
    Probe(
        "libseccomp",
        "security",
        "compiles the filters",
        partial(attempt, "libseccomp"),
        "apt install libseccomp2",
    ),
    Probe(
        "apparmor", "security", "apparmorProfile", services.apparmor, "boot with apparmor=1 security=apparmor"
    ),
    Probe("selinux", "security", "selinuxLabel", services.selinux, "a kernel with SELinux, booted with it"),
    Probe(
        "nftables",
        "security",
        "packet filter, port mapping",
        partial(attempt, "nftables"),
        "modprobe nf_tables",
    ),
)

_MACHINE = (
    Probe("kvm", "machine", "fast virtual machines", partial(attempt, "kvm"),
          "modprobe kvm_intel or kvm_amd; join the group kvm"),
    Probe("rdt", "machine", "linux.intelRdt", services.resctrl, "mount -t resctrl resctrl /sys/fs/resctrl"),
    Probe("checkpoint", "machine", "checkpoint and restore, the kernel's part", partial(attempt, "checkpoint"),
          "a kernel with CONFIG_CHECKPOINT_RESTORE"),
    Probe("criu", "machine", "checkpoint and restore", services.criu, "apt install criu; run as root"),
    Probe("systemd", "machine", "--systemd-cgroup", services.systemd, "not needed: cgroups are made directly without"),
    Probe("dbus", "machine", "--systemd-cgroup", services.dbus, "not needed: cgroups are made directly without"),
)  # fmt: skip

_PROGRAMS = tuple(
    Probe(name, "programs", purpose, partial(programs.program, name), f"apt install {package}")
    for name, package, purpose in (
        ("runc", "runc", "the runtime that ours stands in for"),
        ("crun", "crun", "another runtime, to compare with"),
        ("podman", "podman", "calls a runtime"),
        ("buildah", "buildah", "calls a runtime"),
        ("containerd", "containerd", "calls a runtime"),
        ("ctr", "containerd", "containerd's command"),
        ("dockerd", "docker.io", "calls a runtime"),
        ("docker", "docker.io", "dockerd's command"),
        ("skopeo", "skopeo", "copies images, to compare with"),
        ("umoci", "umoci", "unpacks images, to compare with"),
        ("debootstrap", "debootstrap", "makes a Debian, to have a large image"),
        ("docker-registry", "docker-registry", "a registry to pull from and push to"),
        ("busybox", "busybox-static", "the root file system of tests"),
        ("gcc", "gcc", "builds the C core"),
        ("clang", "clang", "builds the fuzzers"),
        ("strace", "strace", "watches and disturbs system calls"),
        ("ip", "iproute2", "looks at network devices"),
        ("nft", "nftables", "looks at the packet filter"),
        ("unshare", "util-linux", "namespaces from the shell"),
        ("qemu-system-x86_64", "qemu-system-x86", "virtual machines"),
    )
)

PROBES: tuple[Probe, ...] = (
    *_PRIVILEGES, *_NAMESPACES, *_CGROUPS, *_FILES, *_SYSTEM_CALLS, *_SECURITY, *_MACHINE, *_PROGRAMS,
)  # fmt: skip
_BY_NAME = {row.name: row for row in PROBES}


def probe(names: Iterable[str] | None = None) -> dict[str, Finding]:
    """Probes these rows (all, if None), some at a time, in the table's or the caller's order.

    Raises KeyError for a name that is no row. Bounded: no row takes more than some seconds.
    """
    rows = list(PROBES) if names is None else [_BY_NAME[name] for name in names]
    with ThreadPoolExecutor(PARALLEL) as pool:
        return dict(zip((row.name for row in rows), pool.map(lambda row: row.check(), rows), strict=True))
