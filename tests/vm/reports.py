"""The way of test reports from the pytest in the machine to the one on the host: one JSON object a line."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pytest
from tools.vm.initrd import RESULTS, SCRATCH
from tools.vm.kernel import KernelMissing
from tools.vm.machine import QEMU, Machine, MachineFailed

from tiffin_testing import requirements

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("packages", "tests", "tools", "conftest.py", "pyproject.toml")
SILENCE = 240.0  # seconds: booting, and importing pytest, take 30 on a host with nothing else to do
CONSOLE_END = 3000  # characters


def messages_device() -> str | None:
    """The device that reports go to; None on the host."""
    return os.environ.get("VM_MESSAGES")


class ReportSender:
    """A plugin for the pytest in the machine."""

    def __init__(self, config: pytest.Config, device: str) -> None:
        self._config = config
        self._out: IO[str] = open(device, "w", buffering=1)  # noqa: SIM115  # open for the whole session

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        data = self._config.hook.pytest_report_to_serializable(config=self._config, report=report)
        self._send({"node": report.nodeid, "report": data})

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self._send({"node": nodeid, "report": None})

    def _send(self, message: object) -> None:
        self._out.write(json.dumps(message) + "\n")


class HostReports:
    """The machine, which boots when the first report is asked for, and the reports that came from it.

    Args:
        nodes: the tests to run there, in their order.
    """

    def __init__(self, config: pytest.Config, nodes: Sequence[str]) -> None:
        self._config = config
        self._nodes = nodes
        self._machine: Machine | None = None
        self._lines: Iterator[str] = iter(())
        self._failed: Exception | None = None
        self._folder = Path()

    @staticmethod
    def selection() -> list[str]:
        """In the machine: the tests that the host wants."""
        return Path(RESULTS, "selected").read_text().splitlines()

    def of(self, item: pytest.Item) -> Iterator[pytest.TestReport]:
        """The reports of one test; one of our own if the machine failed, or cannot be had here."""
        try:
            self._boot()
            yield from self._received(item.nodeid)
        except (KernelMissing, MachineFailed) as failure:
            end = self._console_end() if self._failed is None else ""
            self._failed = failure
            if isinstance(failure, KernelMissing) and not requirements.promised_in_ci():
                reason = (str(item.path), 0, f"Skipped: {failure}")
                yield pytest.TestReport(item.nodeid, item.location, {}, "skipped", reason, "call")
            else:
                text = f"{failure}\n{end}"
                yield pytest.TestReport(item.nodeid, item.location, {}, "failed", text, "call")

    def _received(self, node: str) -> Iterator[pytest.TestReport]:
        for line in self._lines:
            message = json.loads(line)
            if message["node"] != node:
                raise MachineFailed(f"the machine runs {message['node']} while {node} is expected")
            if message["report"] is None:
                return
            yield self._config.hook.pytest_report_from_serializable(
                config=self._config, data=message["report"]
            )
        raise MachineFailed("the machine ended before this test did")

    def _boot(self) -> None:
        if self._failed is not None:
            raise self._failed
        if self._machine is not None:
            return
        missing = requirements.unmet((QEMU,))
        if missing:
            raise KernelMissing(missing[QEMU].detail)
        self._folder = Path(tempfile.mkdtemp(prefix="tiffin-vm-"))
        (self._folder / "selected").write_text("\n".join(self._nodes) + "\n")
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-o",
            f"cache_dir={SCRATCH}/cache",
            "--tb=short",
            "tests/vm/guest",
        ]
        environment = {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": SCRATCH}
        with (self._folder / "console").open("wb") as console:
            self._machine = Machine(
                command,
                results=self._folder,
                folder=ROOT,
                environment=environment,
                copied=[ROOT / name for name in COPIED],
                console=console,
            )
        self._lines = self._machine.messages(silence=SILENCE)

    def _console_end(self) -> str:
        console = self._folder / "console"
        return console.read_text(errors="replace")[-CONSOLE_END:] if console.is_file() else ""

    def close(self) -> None:
        """Ends the machine; what it printed is kept if it failed."""
        if self._machine is not None:
            self._machine.__exit__(None, None, None)
            if self._failed is None:
                shutil.rmtree(self._folder)
