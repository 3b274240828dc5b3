"""`--log-opt`: how big the log of a container in the background gets."""

from __future__ import annotations

from tiffin.cli.parse import UsageError
from tiffin.cli.run.units import integer, pair, size
from tiffin.runtime.record import Record

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tiffin.cli.parse import Arguments


class LogLimits(Record):
    """max_bytes: of one file, 0 for no limit. max_files: with the one that is written to."""

    max_bytes: int = 0
    max_files: int = 1


def log_limits(arguments: Arguments) -> LogLimits:
    """What the flags say, as docker's json-file driver has it. Raises UsageError."""
    given = dict(pair("log-opt", text) for text in arguments.texts("log-opt"))
    if unknown := sorted(given.keys() - {"max-size", "max-file"}):
        raise UsageError(f"--log-opt: there is no {unknown[0]!r}, only max-size and max-file")
    files = integer("log-opt max-file", given.get("max-file", "1"))
    if files < 1:
        raise UsageError("--log-opt: max-file must be 1 or more")
    most = 0 if given.get("max-size", "-1") == "-1" else size("log-opt max-size", given["max-size"])
    return LogLimits(most, files)
