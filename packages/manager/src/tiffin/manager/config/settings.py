"""`Config`: the table of all settings, by section. Called as in containerd's file of version 3 where it has the same.

Source: containerd 2.x, docs/man/containerd-config.toml.5.md.
"""

# ruff: noqa: RUF009  # `setting` and `computed` make fields, as dataclasses.field does
from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from tiffin.image.store.root import default_root
from tiffin.manager.config import checks
from tiffin.manager.config.duration import Duration
from tiffin.manager.config.runtimes import RuntimePlugin
from tiffin.manager.config.setting import computed, setting

VERSION = checks.VERSION
MEBIBYTE = 2**20
PROXIES = ("snapshot", "content")
_OWNER = "of the process"


def default_state() -> str:
    """/run/tiffind for root, a folder of the user's own for others."""
    if default_root() == "/var/lib/tiffin":
        return "/run/tiffind"
    return os.path.join(os.environ.get("XDG_RUNTIME_DIR") or f"/tmp/tiffind-{os.geteuid()}", "tiffind")


def default_address() -> str:
    """The socket in the default state folder."""
    return os.path.join(default_state(), "tiffind.sock")


@dataclass(frozen=True, slots=True, kw_only=True)
class Grpc:
    """Where clients find the services."""

    address: str = computed(
        default_address,
        "path of the unix socket, mode 0660",
        check=checks.socket,
        shown="/run/tiffind/tiffind.sock",
    )
    uid: int = computed(
        os.geteuid, "owner of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )
    gid: int = computed(
        os.getegid, "group of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )
    max_recv_message_size: int = setting(
        16 * MEBIBYTE, "largest message that is taken, bytes", check=checks.between(1, checks.MOST_MESSAGE)
    )
    max_send_message_size: int = setting(
        16 * MEBIBYTE, "largest message that is sent, bytes", check=checks.between(1, checks.MOST_MESSAGE)
    )
    tcp_address: str = setting(
        "",
        "host:port for TCP, only with TLS and certificates of clients: needs the three files below",
        check=checks.host_and_port,
    )
    tcp_tls_ca: str = setting("", "PEM: who signs the certificates of clients", check=checks.absolute_or_none)
    tcp_tls_cert: str = setting(
        "", "PEM: the server's certificate; a new one is taken at SIGHUP", check=checks.absolute_or_none
    )
    tcp_tls_key: str = setting("", "PEM: its key", check=checks.absolute_or_none)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ttrpc:
    """Where shims send their events."""

    address: str = setting(
        "", 'path of the unix socket; "" for grpc.address with .ttrpc', check=checks.socket
    )
    uid: int = computed(
        os.geteuid, "owner of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )
    gid: int = computed(
        os.getegid, "group of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Debug:
    """Logs, and the debug socket."""

    level: str = setting("info", "what is logged", check=checks.one_of(*checks.LEVELS), reload=True)
    format: str = setting("text", "of the log", check=checks.one_of("text", "json"), reload=True)
    address: str = setting(
        "", 'path of a unix socket that tells stacks and tasks; "" for none', check=checks.socket
    )
    uid: int = computed(
        os.geteuid, "owner of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )
    gid: int = computed(
        os.getegid, "group of the socket", check=checks.between(0, checks.MOST_ID), shown=_OWNER
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Metrics:
    """Figures for Prometheus."""

    address: str = setting("", 'host:port on which they are found; "" for none', check=checks.host_and_port)
    grpc_histogram: bool = setting(default=False, about="whether latencies of calls are told, too")


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyPlugin:
    """A snapshotter or a content store in another process."""

    type: str = setting("", "what it is", check=checks.one_of(*PROXIES))
    address: str = setting(
        "", "path of the unix socket on which it serves containerd's gRPC", check=checks.socket_of_another
    )
    platform: str = setting(
        "", 'for which it is, as "linux/amd64"; "" for this host\'s', check=checks.platform
    )
    exports: Mapping[str, str] = computed(dict, "what introspection tells of it")
    capabilities: tuple[str, ...] = setting((), "what introspection tells of it")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scheduler:
    """When garbage is collected."""

    pause_threshold: float = setting(
        0.02, "most of the time that collections may take", check=checks.between(0, 0.5), reload=True
    )
    deletion_threshold: int = setting(
        0, "deletions that start a collection at once; 0 for none", check=checks.at_least(0), reload=True
    )
    mutation_threshold: int = setting(
        100,
        "changes without deletions after which there is a collection; 0 for none",
        check=checks.at_least(0),
        reload=True,
    )
    schedule_delay: Duration = setting(Duration(0.0), "from a trigger to the collection", reload=True)
    startup_delay: Duration = setting(Duration(0.1), "from the start to the first collection")


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """What is known of images and containers."""

    content_sharing_policy: str = setting(
        "shared",
        'whether a namespace gets a blob of another by naming it: "isolated" wants its bytes',
        check=checks.one_of("shared", "isolated"),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """Settings of single plugins, by their full names."""

    scheduler: Scheduler = computed(Scheduler, "", key="io.containerd.gc.v1.scheduler")
    metadata: Metadata = computed(Metadata, "", key="io.containerd.metadata.v1.bolt")
    runtime: RuntimePlugin = computed(RuntimePlugin, "", key="io.containerd.cri.v1.runtime")


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """Everything that `tiffind` can be told."""

    version: int = setting(VERSION, "of this file's format", check=checks.version)
    root: str = computed(
        default_root,
        "images, snapshots and what is known of containers",
        check=checks.absolute,
        shown="/var/lib/tiffin",
    )
    state: str = computed(
        default_state,
        "what is gone after a boot: bundles, sockets",
        check=checks.absolute,
        shown="/run/tiffind",
    )
    oom_score: int = setting(
        0, "of the process, in the kernel's oom_score_adj; 0 leaves it", check=checks.between(-1000, 1000)
    )
    imports: tuple[str, ...] = setting((), "more files, * and ? as in a shell, from this file's folder")
    disabled_plugins: tuple[str, ...] = setting((), "plugins that are left out", check=checks.plugin_names)
    required_plugins: tuple[str, ...] = setting(
        (), "plugins without which the daemon does not start", check=checks.plugin_names
    )
    grpc: Grpc = computed(Grpc, "")
    ttrpc: Ttrpc = computed(Ttrpc, "")
    debug: Debug = computed(Debug, "")
    metrics: Metrics = computed(Metrics, "")
    proxy_plugins: Mapping[str, ProxyPlugin] = computed(dict, "")
    plugins: Plugins = computed(Plugins, "")
