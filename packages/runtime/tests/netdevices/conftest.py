"""Two network namespaces of the test's own: none of the machine's devices is ever seen."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import pytest

Result = TypeVar("Result")
CLONE_NEWNET = 0x40000000


class Namespaces:
    """A host and a container, as two processes that only hold a network namespace each."""

    def __init__(self, host: int, container: int) -> None:
        self.host = host
        self.container = container

    def on_host(self, call: Callable[[], Result]) -> Result:
        """Calls in a thread whose network namespace is the test's host (setns(2) is for one thread)."""
        outcome: list[Result] = []
        errors: list[BaseException] = []

        def work() -> None:
            import ctypes

            with open(f"/proc/{self.host}/ns/net", "rb") as file:
                if ctypes.CDLL(None, use_errno=True).setns(file.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), "setns")
            try:
                outcome.append(call())
            except BaseException as error:  # noqa: BLE001  # carried over to the test's thread
                errors.append(error)

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
        return outcome[0]

    def ip(self, where: int, *arguments: str) -> list[dict[str, Any]]:
        """ip(8), which we did not write, with JSON output."""
        command = ["nsenter", "-t", str(where), "-n", "ip", "-j", *arguments]
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=30)
        found: list[dict[str, Any]] = json.loads(done.stdout or "[]")
        return found

    def devices(self, where: int) -> dict[str, dict[str, Any]]:
        """All devices but lo, with their addresses, by name."""
        return {link["ifname"]: link for link in self.ip(where, "address", "show") if link["ifname"] != "lo"}


def addresses(link: dict[str, Any]) -> set[str]:
    """`address/prefix` of global scope."""
    return {f"{one['local']}/{one['prefixlen']}" for one in link["addr_info"] if one["scope"] == "global"}


@contextlib.contextmanager
def holder() -> Iterator[int]:
    """A process in a new network namespace; it ends with us, even if we are killed: its stdin closes."""
    code = "import sys; print('ready', flush=True); sys.stdin.read()"
    command = ["unshare", "--net", sys.executable, "-I", "-S", "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        try:
            yield process.pid
        finally:
            assert process.stdin is not None
            process.stdin.close()


@pytest.fixture
def namespaces() -> Iterator[Namespaces]:
    with holder() as host, holder() as container:
        yield Namespaces(host, container)


def open_descriptors() -> set[str]:
    return {os.readlink(f"/proc/self/fd/{name}") for name in os.listdir("/proc/self/fd") if _is_open(name)}


def _is_open(name: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{name}")
