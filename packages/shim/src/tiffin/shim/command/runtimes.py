"""Which OCI runtime a container gets: the one that its options name, else ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..runtimes.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..runtimes.options import RuntimeOptions
    from ..runtimes.port import OciRuntime

OURS = "tiffin-runtime"


def runtimes_in(namespace: str) -> Callable[[RuntimeOptions], OciRuntime]:
    """What makes runtimes for the containers of a namespace."""

    def runtime_for(options: RuntimeOptions) -> OciRuntime:
        return CommandLine(options.replace(binary=options.binary or OURS), namespace=namespace)

    return runtime_for
