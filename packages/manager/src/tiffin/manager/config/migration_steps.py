"""The steps from containerd's files to ours. Each changes the tree, and tells what it changed beyond a name."""

from __future__ import annotations

from typing import Any

Tree = dict[str, Any]
CRI = "io.containerd.grpc.v1.cri"
RUNTIME = "io.containerd.cri.v1.runtime"
RUNC = "io.containerd.runc.v2"
OLD_RUNC = ("io.containerd.runtime.v1.linux", "io.containerd.runc.v1")

# names of the first version: containerd 1.0 to 1.7
SHORT = {
    "cri": CRI,
    "cgroups": "io.containerd.monitor.v1.cgroups",
    "linux": "io.containerd.runtime.v1.linux",
    "scheduler": "io.containerd.gc.v1.scheduler",
    "bolt": "io.containerd.metadata.v1.bolt",
    "task": "io.containerd.runtime.v2.task",
    "opt": "io.containerd.internal.v1.opt",
    "restart": "io.containerd.internal.v1.restart",
    **{
        name: f"io.containerd.snapshotter.v1.{name}"
        for name in ("aufs", "btrfs", "devmapper", "native", "overlayfs", "zfs")
    },
}

# the servers of version 4: the plugin, our section, and what keys are called there
SERVERS = (
    ("io.containerd.server.v1.grpc", "grpc", ""),
    ("io.containerd.server.v1.grpc-tcp", "grpc", "tcp_"),
    ("io.containerd.server.v1.ttrpc", "ttrpc", ""),
    ("io.containerd.server.v1.debug", "debug", ""),
    ("io.containerd.server.v1.metrics", "metrics", ""),
    ("io.containerd.metrics.v1.grpc-prometheus", "metrics", ""),
)


def long_names(tree: Tree, notes: list[str]) -> None:  # noqa: ARG001  # every step has the same shape
    """Short names of plugins become full ones."""
    if isinstance(tree.get("plugins"), dict):
        tree["plugins"] = {_long(name): value for name, value in tree["plugins"].items()}
    for key in ("disabled_plugins", "required_plugins"):
        if isinstance(tree.get(key), list):
            tree[key] = [_long(name) if isinstance(name, str) else name for name in tree[key]]


def _long(name: str) -> str:
    if "." in name:
        return name
    service = "io.containerd.service.v1." if name.endswith("-service") else "io.containerd.grpc.v1."
    return SHORT.get(name, service + name)


def move_handlers(tree: Tree, notes: list[str]) -> None:
    """Runtime handlers of the one plugin for CRI get the place that they have since version 3."""
    cri = _table(tree, "plugins", CRI)
    containerd = cri.get("containerd")
    if not isinstance(containerd, dict):
        return
    kept = {key: containerd.pop(key) for key in ("default_runtime_name", "runtimes") if key in containerd}
    if kept:
        _make(tree, "plugins", RUNTIME)["containerd"] = kept
    for old in ("default_runtime", "untrusted_workload_runtime"):
        handler = containerd.pop(old, None)
        if isinstance(handler, dict) and handler.get("runtime_type"):
            notes.append(f"containerd.{old}: dropped: write it as a handler below containerd.runtimes")
    _without_empty(cri)


def renew_handlers(tree: Tree, notes: list[str]) -> None:
    """Shims that are gone since containerd 2.0 become their successor; older names of runc's options, options."""
    for name, handler in _table(tree, "plugins", RUNTIME, "containerd", "runtimes").items():
        if not isinstance(handler, dict):
            continue
        if handler.get("runtime_type") in OLD_RUNC:
            notes.append(f"handler {name}: {handler['runtime_type']} is gone: changed to {RUNC}")
            handler["runtime_type"] = RUNC
        for old, option in (("runtime_engine", "BinaryName"), ("runtime_root", "Root")):
            value = handler.pop(old, "")
            if value:
                _make(handler, "options").setdefault(option, value)
                notes.append(f"handler {name}: {old} changed to options.{option}")


def bring_down_servers(tree: Tree, notes: list[str]) -> None:  # noqa: ARG001
    """Servers that are plugins become sections."""
    plugins = _table(tree, "plugins")
    for plugin, section, prefix in SERVERS:
        found = plugins.pop(plugin, {})
        if isinstance(found, dict) and (not prefix or found.get("address")):
            target = _make(tree, section)
            for key, value in found.items():
                if not (prefix and key.startswith("max_")):
                    target[prefix + key] = value


def leave_out_empty(tree: Tree, notes: list[str]) -> None:  # noqa: ARG001
    """Where containerd means its default by an empty text, we say nothing."""
    for key in ("level", "format"):
        if _table(tree, "debug").get(key) == "":
            del tree["debug"][key]


def _table(tree: Tree, *path: str) -> Tree:
    """The table there, or an empty one."""
    for key in path:
        found = tree.get(key)
        if not isinstance(found, dict):
            return {}
        tree = found
    return tree


def _make(tree: Tree, *path: str) -> Tree:
    """The table there, made if there is none; what is no table makes way for it."""
    for key in path:
        if not isinstance(tree.get(key), dict):
            tree[key] = {}
        tree = tree[key]
    return tree


def _without_empty(tree: Tree) -> None:
    """Removes tables with nothing in them, and texts, lists, numbers that say nothing."""
    for key in list(tree):
        if isinstance(tree[key], dict):
            _without_empty(tree[key])
        if tree[key] in ({}, [], "", 0, False):
            del tree[key]
