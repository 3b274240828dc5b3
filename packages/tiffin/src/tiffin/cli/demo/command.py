"""`tiffin demo`: hello; an image made of this machine's busybox; a shell in it that runs into its limits; the plan.

All of it is in a store of its own, which goes with it.
"""

from __future__ import annotations

import os
import shlex
import sys
import time
from tempfile import TemporaryDirectory

from tiffin.cli.demo.busybox import BusyboxImage, build_busybox_image
from tiffin.cli.demo.shell import LIMITS, NAME, words
from tiffin.cli.demo.timings import timing_lines
from tiffin.cli.explain import plan_of
from tiffin.cli.parse import Arguments, parse
from tiffin.cli.run.command import run_container
from tiffin.cli.run.host import Host
from tiffin.cli.table import COMMANDS
from tiffin.image.store.store import Store
from tiffin.image.store.writable import unmount_writable

RUN = next(command for command in COMMANDS if command.name == "run")
SHOWN = 100  # characters of a command


def main(arguments: Arguments) -> int:
    """Shows it; returns 0, or the exit code of the first container that failed."""
    host = Host.enter()
    runtime = arguments.text("runtime")
    with TemporaryDirectory(prefix="tiffin-demo-") as scratch:
        private = host.replace(store=Store(os.path.join(scratch, "store")))
        try:
            return _hello(private, runtime) or _shell(private, scratch, runtime)
        finally:
            unmount_writable(os.path.join(private.store.containers, NAME))


def _hello(host: Host, runtime: str) -> int:
    _title("1. The image that comes with tiffin")
    return _run(host, ["--rm", *([f"--runtime={runtime}"] if runtime else []), "hello"])


def _shell(host: Host, scratch: str, runtime: str) -> int:
    _title("2. An image made of this machine's busybox")
    began = time.monotonic()
    image = build_busybox_image(os.path.join(scratch, "busybox"))
    _print_image(image, time.monotonic() - began)
    _title("3. A shell in it, with limits")
    limited = host.cgroup_version() != 0
    if not limited:
        print(f"(No limits: this user may not make cgroups. Root would get {LIMITS}.)")
    trace = "" if runtime else os.path.join(scratch, "trace")
    code = _run(host, words(image.reference, limited=limited, trace=trace, runtime=runtime))
    if code == 0 and trace:
        _title("4. What the kernel was asked for, to start it")
        plan = plan_of(os.path.join(host.store.containers, NAME), NAME, waits=False)
        print("\n".join(timing_lines(trace, plan)))
        print("\nNext: tiffin explain BUNDLE, tiffin run --help")
    return code


def _run(host: Host, run_words: list[str]) -> int:
    line = shlex.join(["tiffin", "run", *run_words]).partition("\n")[0]
    print(f"$ {line if len(line) <= SHOWN else line[:SHOWN] + ' ...'}", flush=True)
    began = time.monotonic()
    code = run_container(parse(RUN, run_words), host)
    print(f"(exit code {code} after {(time.monotonic() - began) * 1000:.0f} ms)")
    return code


def _print_image(image: BusyboxImage, seconds: float) -> None:
    size = f"{image.size / 1e6:.1f} MB"
    print(f"{image.reference}: one layer of {size}, {image.commands} commands, in {seconds * 1000:.0f} ms")


def _title(text: str) -> None:
    start, end = ("\x1b[1m", "\x1b[0m") if sys.stdout.isatty() else ("", "")
    print(f"\n{start}{text}{end}\n")
