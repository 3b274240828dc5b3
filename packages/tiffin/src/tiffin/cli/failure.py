"""Failures of the command line, and the exit codes that docker and podman have for them."""

from __future__ import annotations

FAILED = 125  # tiffin itself failed
NOT_EXECUTABLE = 126
NOT_FOUND = 127


class CommandFailed(Exception):
    """A command cannot do its work; `code` is its exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code
