"""Standard streams that are pipes whose other ends the test holds: CRIU can save those, but no file of the host."""

from __future__ import annotations

import os
import select
from contextlib import contextmanager
from typing import TYPE_CHECKING

from tiffin_testing.oci_runtime import SECONDS, OCIRuntime

if TYPE_CHECKING:
    from collections.abc import Iterator

LINE = 4096


class Pipes:
    """Input and output (with errors) of a container; `with Pipes.opened() as pipes`."""

    def __init__(self) -> None:
        self._stdin, self._feed = os.pipe()
        self._drain, self._stdout = os.pipe()
        self._open = [self._stdin, self._feed, self._drain, self._stdout]

    @classmethod
    @contextmanager
    def opened(cls) -> Iterator[Pipes]:
        pipes = cls()
        try:
            yield pipes
        finally:
            for descriptor in pipes._open:
                os.close(descriptor)

    def under(self, runtime: OCIRuntime) -> OCIRuntime:
        """The runtime with these streams: its outcomes say nothing of what it wrote."""
        place = f"/proc/{os.getpid()}/fd"
        redirected = f'exec "$@" <{place}/{self._stdin} >{place}/{self._stdout} 2>&1'
        return OCIRuntime(["bash", "-c", redirected, "sh", *runtime.command], runtime.root)

    def close_input(self) -> None:
        """Nothing more is written: the container reads to the end."""
        self._open.remove(self._feed)
        os.close(self._feed)

    def ask(self, line: str = "") -> str:
        """Writes a line, and returns the one that comes back; raises TimeoutError."""
        os.write(self._feed, line.encode() + b"\n")
        return self.read()

    def read(self) -> str:
        """What was written, until the end of a line; raises TimeoutError."""
        text = b""
        while not text.endswith(b"\n"):
            if not select.select([self._drain], [], [], SECONDS)[0]:
                raise TimeoutError(f"nothing within {SECONDS:g} s, behind {text!r}")
            text += os.read(self._drain, LINE)
        return text.decode(errors="replace").strip()
