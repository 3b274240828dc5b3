"""Stands in an installation in the place of the verb `features` (probe.py): prints a finding as JSON."""

from __future__ import annotations

import posix
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiffin.runtime.command.parse import Invocation
    from tiffin.runtime.lifecycle.settings import Settings

LIMITS = 16  # RLIM_NLIMITS
DEEP = 100_000
BIG = 64 << 20
STATUS = (
    "SigBlk",
    "SigIgn",
    "SigCgt",
    "ShdPnd",
    "SigPnd",
    "NoNewPrivs",
    "Seccomp",
    "CapEff",
    "CapBnd",
    "Threads",
)


def run_verb(settings: Settings, invocation: Invocation) -> int:
    what = posix.environ.get(b"PROBE", b"").decode()
    if not what:
        from .features_really import run_verb as really  # type: ignore[import-not-found]  # what we took the place of

        code: int = really(settings, invocation)
        return code
    import json

    found = FINDINGS[what](settings, invocation)
    sys.stdout.write(json.dumps(found))
    return 0


def _environment(*_: object) -> Any:
    """What we have of it, and what a program gets that is executed with none said: in order, to the byte."""
    import subprocess

    given = subprocess.run(["/usr/bin/env", "-0"], stdout=subprocess.PIPE, check=True).stdout
    ours = [(name.hex(), value.hex()) for name, value in posix.environ.items()]
    return {"ours": ours, "given": sorted(pair.hex() for pair in given.split(b"\0")[:-1])}


def _arguments(settings: Settings, invocation: Invocation) -> Any:
    """A flag that takes any bytes."""
    return {"program": invocation.program, "root": settings.root.encode("utf-8", "surrogateescape").hex()}


def _process(*_: object) -> Any:
    """What a process inherits."""
    import os
    import resource
    import signal

    umask = os.umask(0)
    with open("/proc/self/status") as file:
        lines = dict(line.split(":\t", 1) for line in file)
    limits = [resource.getrlimit(number) for number in range(LIMITS)]
    return {
        "directory": os.getcwd(),
        "umask": umask,
        "status": {name: lines[name].strip() for name in STATUS if name in lines},
        "interrupt": str(signal.getsignal(signal.SIGINT)),
        "limits": limits,
        "descriptors": _descriptors(),
        "group": os.getpgrp(),
        "session": os.getsid(0),
        "nice": os.nice(0),
        "affinity": sorted(os.sched_getaffinity(0)),
    }


def _descriptors() -> dict[str, str]:
    import os

    found = {}
    for name in os.listdir("/proc/self/fd"):
        try:
            found[name] = os.readlink(f"/proc/self/fd/{name}").partition(":[")[0]  # no number of a pipe
        except FileNotFoundError:  # the one that listed them
            continue
    return found


def _work(*_: object) -> Any:
    """What an interpreter must be able to do, and that it does it at the right time and place."""
    import hashlib
    import os
    import threading
    import time

    results: list[int] = []
    threads = [threading.Thread(target=results.append, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = os.fork()
    if child == 0:
        os._exit(7)
    return {
        "threads": sorted(results),
        "main": threading.current_thread() is threading.main_thread(),
        "child": os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]),
        "memory": hashlib.sha256(b"x" * BIG).hexdigest(),
        "many": sum(len(str(number)) for number in [*range(10**6)]),
        "deep": _depth(),
        "clocks": abs(time.time() - os.stat("/proc/self").st_mtime) < 60 and time.monotonic() > 0,
        "float": [0.1 + 0.2, float("1e308") * 10, 2**0.5],
        "streams": [sys.stdout.encoding, sys.stdout.errors, sys.stderr.encoding, sys.stderr.errors],
    }


def _depth() -> bool:
    """Whether a recursion without an end is an error as any other."""
    try:
        return _descend(DEEP) == 0
    except RecursionError:
        return True


def _descend(count: int) -> int:
    return count and _descend(count - 1)


def _stop(*_: object) -> Any:
    """Waits for a SIGINT, behind a line on standard error that says so."""
    import signal

    sys.stderr.write("waiting\n")
    while True:  # pause() would sleep on after a signal that comes just before it
        signal.sigtimedwait((), 0.5)


FINDINGS: dict[str, Callable[..., Any]] = {
    "environment": _environment,
    "arguments": _arguments,
    "process": _process,
    "work": _work,
    "stop": _stop,
}
