"""The one table of messages between the monitor (C) and its clients (Python).

`tools/generate_monitor_wire.py` writes three files from it: `messages.py` beside this file, `monitor/wire.h` and
`monitor/wire_table.c`. Change the table, run the tool, and commit all of them; the lint tier checks that they agree.

A message is one packet of a SOCK_SEQPACKET socket: number u16, 0 u16, serial u32, then the fields one after the other,
in the machine's byte order. The answer to a request has its serial; events have 0. Monitors outlive an upgrade of what
talks to them, so numbers are never used twice, and new fields come last: missing ones are 0 or empty, surplus ones skipped.

A row is (number, name, fields, what it does). A field is (name, kind): `int` is 64 bits signed; `text` is a length (u32),
bytes without NUL, and a NUL; `bytes` a length and anything; `texts`, `ints`, `records` are a count (u32) and that many of them;
a record is `bytes` with the fields of another message.
"""

# ruff: noqa: E501  # one row, one line
from __future__ import annotations

WIRE_VERSION = 1
LONGEST_MESSAGE = 65536  # bytes, header included

# fmt: off
_PROCESS = (("name", "text"), ("pid", "int"), ("start_time", "int"), ("ended", "int"), ("status", "int"), ("signal", "int"), ("at", "int"), ("oom_killed", "int"), ("drained", "int"), ("lost", "int"))

MESSAGES = (
    # Requests.
    (1, "start", (("name", "text"), ("argv", "texts"), ("environment", "texts"), ("directory", "text"), ("pid_file", "text"), ("options", "int"), ("console_descriptor", "int"), ("stdin", "text"), ("sinks", "records"), ("uid", "int"), ("gid", "int"), ("numbers", "ints")), "runs a command to its end (answer: pid of the process in its pid file), or spawns a program (its own pid, at once); the message's first descriptors go to it under these numbers"),
    (2, "adopt", (("name", "text"), ("pid", "int")), "the process of what was spawned is this one; the message's descriptor, if it has one, gets a byte then, by which the process is let go"),
    (3, "signal", (("name", "text"), ("number", "int")), "sends a signal to a process that is not reaped"),
    (4, "resize", (("name", "text"), ("width", "int"), ("height", "int")), "sets the size of the terminal"),
    (5, "close_stdin", (("name", "text"),), "EOF for the process, after what was written for it"),
    (6, "attach", (("name", "text"), ("streams", "int")), "joins the message's descriptors, one for each stream, in their order"),
    (7, "reopen_logs", (("name", "text"),), "opens the log files by their paths anew"),
    (8, "list", (("after", "int"),), "asks for the processes whose number is higher; answer: processes"),
    (9, "forget", (("name", "text"),), "gives the streams up and removes the process's folder"),
    (10, "quit", (), "ends the monitor"),
    # Records in other messages.
    (20, "sink", (("kind", "int"), ("streams", "int"), ("path", "text"), ("arguments", "texts"), ("environment", "texts"), ("max_bytes", "int"), ("max_files", "int"), ("attributes", "text"), ("descriptor", "int")), "of start: one sink, for one or both streams; descriptor is its place among the message's descriptors"),
    (21, "process", _PROCESS, "of processes: one that the monitor knows"),
    # Answers.
    (30, "done", (("pid", "int"),), "it is done; pid where one was asked for"),
    (31, "failed", (("error", "int"), ("number", "int"), ("text", "text"), ("output", "bytes")), "it failed; number is errno, or the status of a command with its output"),
    (32, "processes", (("next", "int"), ("items", "records")), "some of them; next is 0, or what to ask after"),
    # Events.
    (40, "hello", (("version", "int"), ("pid", "int")), "the first packet of every connection: the monitor is ready"),
    (41, "exited", (("name", "text"), ("status", "int"), ("signal", "int"), ("at", "int"), ("oom_killed", "int")), "a process has ended, and that is on disk"),
    (42, "drained", (("name", "text"),), "it has ended, and all of its output was handed to its sinks"),
)

SINKS = (
    (1, "fifo", "a named pipe, or whatever else is there"),
    (2, "file", "appended raw"),
    (3, "cri", "Kubernetes' log format"),
    (4, "json-file", "Docker's log format"),
    (5, "binary", "a logger, ready when it closes descriptor 5"),
    (6, "binary-v2", "a logger, ready when it writes to descriptor 5"),
    (7, "descriptor", "a descriptor of the message"),
)

ERRORS = (
    (1, "invalid_argument", "the request cannot be used"),
    (2, "not_found", "no such process, or no such file"),
    (3, "already_exists", "the name is in use"),
    (4, "failed_precondition", "the process is not in a state that allows this"),
    (5, "operation_failed", "the kernel refused; number is errno"),
    (6, "unavailable", "out of descriptors or memory; number is errno"),
    (7, "command_failed", "the command did not end with 0; number is its status"),
)

# Bits, by (name, bit, meaning).
BITS = (
    ("STREAM_STDIN", 1, "attach"),
    ("STREAM_STDOUT", 2, "attach, sink"),
    ("STREAM_STDERR", 4, "attach, sink"),
    ("START_SPAWN", 1, "answers with the pid of the program at once; adopt follows"),
    ("START_TERMINAL", 2, "the streams are a pty, whose master is sent to us"),
    ("START_ATTACHABLE", 4, "pipes also for streams without a sink"),
    ("START_ATTACHED_STDIN", 8, "a stdin for clients of attach"),
    ("START_CONSOLE_SOCKET", 16, "listens at NAME/console.sock for the pty's master"),
    ("START_OWN_ENVIRONMENT", 32, "the program gets the monitor's environment"),
)
