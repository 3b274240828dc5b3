"""`Log`: what the command line says on its way, in logrus's two formats, which callers read.

    time="2026-01-02T03:04:05Z" level=error msg="container does not exist"
    {"level":"error","msg":"container does not exist","time":"2026-01-02T03:04:05Z"}

`front/log.c` writes the same lines.
"""

from __future__ import annotations

import posix
import time
from _json import encode_basestring

from ..errors import InvalidArgument

STANDARD_ERROR = 2
FILE_MODE = 0o644
PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/@^+")
TERMINAL_LEVELS = {"debug": "DEBU", "info": "INFO", "warning": "WARN", "error": "ERRO"}


class Log:
    """Where log lines go.

    Args:
        path: a file that lines are appended to; "" for standard error.
        format: "text" or "json".
        debug: debug and info lines are written too.

    Raises:
        InvalidArgument: an unknown format.
        OSError: the file cannot be opened.
    """

    def __init__(self, *, path: str = "", format: str = "text", debug: bool = False) -> None:  # noqa: A002  # the flag's name
        if format not in {"", "text", "json"}:
            raise InvalidArgument(f"invalid log-format: {format}")
        self.json = format == "json"
        self.debugging = debug
        self.descriptor = STANDARD_ERROR
        if path:
            flags = posix.O_WRONLY | posix.O_CREAT | posix.O_APPEND | posix.O_SYNC | posix.O_CLOEXEC
            self.descriptor = posix.open(path, flags, FILE_MODE)

    @property
    def to_file(self) -> bool:
        return self.descriptor != STANDARD_ERROR

    def debug(self, message: str) -> None:
        if self.debugging:
            self._write("debug", message)

    def warning(self, message: str) -> None:
        self._write("warning", message)

    def error(self, message: str) -> None:
        self._write("error", message)

    def _write(self, level: str, message: str) -> None:
        """Where a log cannot be written to (a full disk), which is no reason to fail, standard error gets the line."""
        line = self._json_line(level, message) if self.json else self._text_line(level, message)
        data = line.encode("utf-8", "backslashreplace")
        for descriptor in (self.descriptor, STANDARD_ERROR):
            try:
                posix.write(descriptor, data)
            except OSError:  # the other one; then there is nowhere left to say so
                continue
            return

    def _json_line(self, level: str, message: str) -> str:
        return f'{{"level":"{level}","msg":{encode_basestring(message)},"time":"{timestamp()}"}}\n'

    def _text_line(self, level: str, message: str) -> str:
        if posix.isatty(self.descriptor):
            return f"{TERMINAL_LEVELS[level]}[0000] {message}\n"
        return f'time="{timestamp()}" level={level} msg={_quoted(message)}\n'


def timestamp() -> str:
    """Now, as RFC 3339 in UTC."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def precise_timestamp() -> str:
    """Now, as RFC 3339 in UTC with nanoseconds, as the state's `created` has it."""
    seconds, nanoseconds = divmod(time.time_ns(), 1_000_000_000)
    return f"{time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(seconds))}.{nanoseconds:09}Z"


def _quoted(message: str) -> str:
    """As logrus: quoted unless every character is plain."""
    if message and PLAIN.issuperset(message):
        return message
    return encode_basestring(message)
