"""Which OCI runtime a container gets: what its options name, by its command line; else ours, in this process."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Self

    from ..runtimes.in_process import Executor
    from ..runtimes.limits import TimeLimits
    from ..runtimes.options import RuntimeOptions
    from ..runtimes.port import OciRuntime

ROOT = "/run/containerd/tiffin"
"""Where our executor keeps its state, below it the namespace, unless the option Root says otherwise: `tiffin-runtime
--root /run/containerd/tiffin/NAMESPACE list` shows the containers. (That of others is in `runtimes.command_line`.)"""


class Runtimes:
    """Makes runtimes for the containers of one namespace, `runtime_for` of `Tasks`; use it in a `with` statement.

    Each kind is loaded when it is first asked for.

    Args:
        limits: how long each verb may take, if not as usual.
    """

    def __init__(self, namespace: str, limits: TimeLimits | None = None) -> None:
        self._namespace = namespace
        self._limits = limits
        self._executor: Executor | None = None

    def __call__(self, options: RuntimeOptions) -> OciRuntime:
        """Raises NotFound: the binary is not installed; Unsupported: our native core is not."""
        if options.binary:
            from ..runtimes.command_line import CommandLine

            return CommandLine(options, namespace=self._namespace, limits=self._limits)
        from ..runtimes.in_process import Executor, InProcess

        if self._executor is None:
            self._executor = Executor(ROOT)
        return InProcess(self._executor, options, namespace=self._namespace, limits=self._limits)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._executor is not None:
            self._executor.close()
