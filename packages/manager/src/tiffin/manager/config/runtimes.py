"""Runtime handlers: what a name that a pod or a user asks for means. They stand where containerd 2.x has them.

So what other projects tell their users to write, or write themselves (nvidia-ctk, kata-deploy), stays the same:

    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.kata]
      runtime_type = "io.containerd.kata.v2"
"""

# ruff: noqa: RUF009  # `setting` and `computed` make fields, as dataclasses.field does
from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tiffin.manager.config import checks
from tiffin.manager.config.setting import computed, setting

TIFFIN = "io.containerd.tiffin.v2"
RUNC = "io.containerd.runc.v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class Handler:
    """One runtime handler."""

    runtime_type: str = setting(
        "", 'the shim: "io.containerd.runc.v2" is the program containerd-shim-runc-v2', reload=True
    )
    runtime_path: str = setting(
        "", 'path of the shim; "" to look for it in $PATH', check=checks.absolute_or_none, reload=True
    )
    snapshotter: str = setting("", 'for containers of this handler; "" for the default one', reload=True)
    base_runtime_spec: str = setting(
        "",
        'a config.json that containers start from; "" for the built-in one',
        check=checks.absolute_or_none,
        reload=True,
    )
    pod_annotations: tuple[str, ...] = setting(
        (), "annotations of pods that the runtime sees; * at the end", reload=True
    )
    container_annotations: tuple[str, ...] = setting((), "annotations of containers, likewise", reload=True)
    options: Mapping[str, object] = computed(
        dict, "for the shim; runc's: BinaryName, SystemdCgroup, Root, ...", reload=True
    )


def built_in() -> dict[str, Handler]:
    """The handlers that are there unless the file says otherwise."""
    return {"tiffin": Handler(runtime_type=TIFFIN), "runc": Handler(runtime_type=RUNC)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handlers:
    """Runtime handlers."""

    default_runtime_name: str = setting("tiffin", "the handler of who asks for none", reload=True)
    runtimes: Mapping[str, Handler] = computed(built_in, "", reload=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimePlugin:
    """Runtimes."""

    containerd: Handlers = computed(Handlers, "")
