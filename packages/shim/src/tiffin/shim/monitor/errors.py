"""`CommandFailed`: the one error of the monitor that is not among `tiffin.runtime.errors`."""

from __future__ import annotations

from tiffin.runtime.errors import RuntimeFailure


class CommandFailed(RuntimeFailure):
    """The command of `run` ended with something else than 0; nothing of its process is left open.

    Args:
        status: its exit status, 128 + the signal's number if one killed it.
        output: with a terminal, the end of what it wrote to its own stdout and stderr; else that went to the streams.
    """

    def __init__(self, message: str, *, status: int, output: bytes = b"") -> None:
        super().__init__(message)
        self.status = status
        self.output = output
