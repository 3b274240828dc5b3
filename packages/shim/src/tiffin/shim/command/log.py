"""The shim's log lines: logfmt, as containerd's own, on standard error, and never waiting for a reader."""

from __future__ import annotations

import logging
import os
from _json import encode_basestring
from datetime import UTC, datetime

LEVELS = {"WARNING": "warning", "CRITICAL": "fatal"}
STDERR = 2
LONGEST = 4096  # bytes, PIPE_BUF: lines of several shims on one FIFO do not mix


class LogHandler(logging.Handler):
    """Writes to a descriptor; what a full FIFO does not take is lost."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self._descriptor = descriptor

    def emit(self, record: logging.LogRecord) -> None:
        """Writes one line."""
        line = self.format(record).encode("utf-8", "backslashreplace")
        try:
            os.write(self._descriptor, line[: LONGEST - 1] + b"\n")
        except OSError:  # it is full, or its reader has gone: there is nowhere left to say so
            return


class Logfmt(logging.Formatter):
    """time="..." level=... msg="...\""""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="microseconds")
        text = record.getMessage()
        if record.exc_info:
            text += "\n" + self.formatException(record.exc_info)
        level = LEVELS.get(record.levelname, record.levelname.lower())
        return f'time="{time}" level={level} msg={encode_basestring(text)} logger={record.name} pid={os.getpid()}'


def set_up_log(*, debug: bool) -> None:
    """From now on, what `logging` is given goes to standard error."""
    handler = LogHandler(STDERR)
    handler.setFormatter(Logfmt())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.DEBUG if debug else logging.INFO)
    logging.getLogger("asyncio").setLevel(logging.WARNING)
