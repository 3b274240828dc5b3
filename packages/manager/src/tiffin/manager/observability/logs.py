"""Logs: lines on stderr, as text like containerd's (logfmt) or as JSON; both by the standard library's `logging`.

    LOG.info("plugin started", extra={"fields": {"plugin": name}})
    time="2026-01-02T15:04:05.123456Z" level=info msg="plugin started" plugin=io.containerd.gc.v1.scheduler

Source: what logrus, which containerd uses, writes to a file.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TextIO

from tiffin.manager.observability.unblocked import UnblockedHandler

TRACE = 5
LEVELS = {
    "trace": TRACE,
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
    "fatal": logging.CRITICAL,
    "panic": logging.CRITICAL,
}
NAMES = {TRACE: "trace", 10: "debug", 20: "info", 30: "warning", 40: "error", 50: "fatal"}
_BARE = re.compile(r"[A-Za-z0-9\-._/@^+]+")
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
STDERR = 2
GRPC, NOT_SENT = (
    "grpc._cython.cygrpc",
    "ExecuteBatchError",
)  # a logger, and a class, which is in no public module
LONGEST = 16384  # characters of one value: a client does not fill the log by one call


def set_up(level: str, form: str, stream: TextIO | None = None) -> None:
    """Sends all logs of this process to `stream`, by default to stderr without waiting for its reader.

    Args:
        level: the least that is written, one of `LEVELS`.
        form: `text` or `json`.
    """
    handler = logging.StreamHandler(stream) if stream else UnblockedHandler(STDERR)
    handler.setFormatter(JsonFormatter() if form == "json" else TextFormatter())
    handler.addFilter(_concerns_us)
    logging.addLevelName(TRACE, "TRACE")
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(
        max(LEVELS[level], logging.WARNING)
    )  # libraries: what they say below that is for their authors
    logging.getLogger("tiffin").setLevel(LEVELS[level])
    logging.raiseExceptions = False  # nobody reads stderr any more: no reason to stop serving


def _concerns_us(record: logging.LogRecord) -> bool:
    """Not that an answer could not be sent: its client has just gone. grpc.aio tells that with level error."""
    error = record.exc_info[1] if record.exc_info else None
    return record.name != GRPC or type(error).__name__ != NOT_SENT


class TextFormatter(logging.Formatter):
    """`key=value`, a line for each record."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        return " ".join(f"{key}={_quoted(value)}" for key, value in _fields(record))


class JsonFormatter(logging.Formatter):
    """An object for each record, on one line."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        import json

        return json.dumps(dict(_fields(record)), default=str, ensure_ascii=False)


def _fields(record: logging.LogRecord) -> Iterator[tuple[str, Any]]:
    yield "time", datetime.fromtimestamp(record.created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    yield "level", NAMES.get(record.levelno, record.levelname.lower())
    yield "msg", record.getMessage()
    fields = getattr(record, "fields", {})
    for key, value in fields.items():
        yield key, value if isinstance(value, int | float | bool) else str(value)[:LONGEST]
    if record.exc_info and record.exc_info[1] is not None:
        if "error" not in fields:
            yield "error", f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}"[:LONGEST]
        yield "stack", logging.Formatter().formatException(record.exc_info)[-LONGEST:]


def _quoted(value: Any) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    if _BARE.fullmatch(text):
        return text
    return '"' + "".join(map(_escaped, text)) + '"'


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    return character.encode("unicode-escape").decode()
