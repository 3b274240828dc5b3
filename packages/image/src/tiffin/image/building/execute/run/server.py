"""The process that forks for each RUN: started by `Runner` as `python -m`, it ends with the builder.

Its standard input is a socket. A message of one byte comes with two descriptors: the socket of one RUN, and where the
command's output goes.
"""

from __future__ import annotations

import gc
import os
import signal
import socket
import sys

from tiffin.runtime import Runtime

from .container import preload
from .watcher import watch

DESCRIPTORS = 2


def main(point: str) -> None:
    """Serves until the builder is gone. point: a folder, to mount at."""
    control = socket.socket(fileno=0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the kernel reaps the watchers
    preload()
    with Runtime(f"{point}/state") as runtime:
        gc.freeze()  # what is here now is shared by all children, and stays
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1, DESCRIPTORS)
            if not message:
                return
            if os.fork() == 0:
                _child(control, descriptors, point, runtime)
            for descriptor in descriptors:
                os.close(descriptor)


def _child(control: socket.socket, descriptors: list[int], point: str, runtime: Runtime) -> None:
    """Never returns."""
    code = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        control.close()
        watch(socket.socket(fileno=descriptors[0]), descriptors[1], point, runtime)
        code = 0
    finally:
        sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
