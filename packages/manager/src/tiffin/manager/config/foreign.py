"""Settings of containerd that `tiffind` does not have: each with the reason, and the values that mean nothing anyway.

A file may carry them with such a value. Any other is refused by the daemon, and dropped, with the reason, by
`tiffind config migrate`.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

from tiffin.manager.config.problem import Path
from tiffin.runtime.record import Record

_HANDLER = ("plugins", "io.containerd.cri.v1.runtime", "containerd", "runtimes", "*")
_CNI = "networks are the matter of CRI, not of a runtime handler"


class Foreign(Record):
    """One of them. path: each key may have * and ?. harmless: values that change nothing. why: it is not here."""

    path: Path
    harmless: tuple[Any, ...]
    why: str


FOREIGN: tuple[Foreign, ...] = (
    Foreign(("temp",), ("",), "set TMPDIR in the environment of tiffind instead"),
    Foreign(("plugin_dir",), ("",), "there are no plugins as libraries; [proxy_plugins] are there"),
    Foreign(("cgroup",), ({}, {"path": ""}), "who starts tiffind puts it into a cgroup (systemd: Slice=)"),
    Foreign(("no_subreaper",), (False,), "tiffind is no subreaper: each container has a monitor"),
    Foreign(("stream_processors",), ({},), "layers are not handed to other programs"),
    Foreign(("timeouts",), ({},), "time-outs of shims are fixed"),
    Foreign(("debug", "log_trace_id"), (False,), "there is no tracing"),
    Foreign(("grpc", "tcp_tls_common_name"), ("",), "every certificate that tcp_tls_ca has signed is taken"),
    Foreign((*_HANDLER, "runtime_engine"), ("",), "write options.BinaryName"),
    Foreign((*_HANDLER, "runtime_root"), ("",), "write options.Root"),
    Foreign(
        (*_HANDLER, "privileged_without_host_devices"), (False,), "privileged containers get all devices"
    ),
    Foreign((*_HANDLER, "privileged_without_host_devices_all_devices_allowed"), (False,), "see above it"),
    Foreign((*_HANDLER, "cgroup_writable"), (False,), "cgroups are writable for privileged containers only"),
    Foreign((*_HANDLER, "cni_conf_dir"), ("",), _CNI),
    Foreign((*_HANDLER, "cni_max_conf_num"), (0,), _CNI),
    Foreign((*_HANDLER, "sandboxer"), ("", "podsandbox"), "sandboxes are made by the shim of the handler"),
    Foreign((*_HANDLER, "sandbox_mode"), ("", "podsandbox"), "sandboxes are made by the shim of the handler"),
    Foreign((*_HANDLER, "io_type"), ("", "fifo"), "streams are FIFOs"),
    Foreign(("plugins", "io.containerd.*"), ({},), "tiffind has no such plugin, or it has no settings"),
    Foreign(("plugins", "io.containerd.*", "*"), (), "tiffind has no such setting of this plugin"),
)


def why_not_here(path: Path, value: Any) -> str | None:
    """Why this setting of containerd is not here; "" if its value means nothing anyway; None if containerd has none.

    A longer path is what stands in a table of the list.
    """
    for row in FOREIGN:
        if len(row.path) == len(path) and all(map(fnmatchcase, path, row.path)):
            return "" if value in row.harmless else row.why
    return None
