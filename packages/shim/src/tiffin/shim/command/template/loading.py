"""What a template loads beside what a shim that begins to serve has: all that the life of a usual container needs.

A test lets a container live in a process that has loaded this, and looks whether anything was loaded since.
"""

from __future__ import annotations

from importlib import import_module

MODULES = (
    "tiffin.runtime.cgroup.controllers.cpuset",
    "tiffin.runtime.cgroup.controllers.devices",
    "tiffin.runtime.cgroup.device_rules",
    "tiffin.runtime.cgroup.mount_facts",
    "tiffin.runtime.compile.cgroup_mount",
    "tiffin.runtime.launch.stopping",
    "tiffin.shim.command.cleanup",
    "tiffin.shim.command.delete",
    "tiffin.shim.metrics.messages",
    "tiffin.shim.runtimes.command_line",
    "tiffin.shim.runtimes.in_process",
    "tiffin.spec.runtime.validation.document",
    "tiffin.spec.runtime.validation.mounts",
    "tiffin.spec.runtime.validation.namespaces",
    "tiffin.spec.runtime.validation.process",
    "tiffin.spec.runtime.validation.resources",
)


def load() -> None:
    """Loads them."""
    for name in MODULES:
        import_module(name)
