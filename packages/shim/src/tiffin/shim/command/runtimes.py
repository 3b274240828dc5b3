"""Which OCI runtime a container gets: the one that its options name, else ours."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from ..runtimes.command_line import CommandLine

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..runtimes.options import RuntimeOptions
    from ..runtimes.port import OciRuntime

OURS = "tiffin-runtime"


def our_runtime() -> str:
    """The path of tiffin-runtime beside this Python, where pip puts both; else its name, for $PATH."""
    beside = os.path.join(os.path.dirname(sys.executable), OURS)
    return beside if os.access(beside, os.X_OK) else OURS


def runtimes_in(namespace: str) -> Callable[[RuntimeOptions], OciRuntime]:
    """What makes runtimes for the containers of a namespace."""

    def runtime_for(options: RuntimeOptions) -> OciRuntime:
        return CommandLine(options.replace(binary=options.binary or our_runtime()), namespace=namespace)

    return runtime_for
