"""Runs a command in the virtual machine: `python -m vm [--timeout S] [--results DIR] [-e NAME=VALUE] -- COMMAND...`
(with tools/ on PYTHONPATH). The exit status is the command's; 124 means that the machine itself failed."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from .kernel import KernelMissing
from .machine import Machine, MachineFailed


def main() -> int:
    parser = argparse.ArgumentParser(prog="vm", description=__doc__)
    parser.add_argument("--timeout", type=float, default=600.0, help="seconds")
    parser.add_argument(
        "--results", type=Path, help="a folder that the guest may write to, at /run/vm-results"
    )
    parser.add_argument("-e", "--environment", action="append", default=[], metavar="NAME=VALUE")
    parser.add_argument("command", nargs="+")
    options = parser.parse_args()
    environment = dict(pair.split("=", 1) for pair in options.environment)
    with tempfile.TemporaryDirectory(prefix="tiffin-vm-") as scratch:
        try:
            with Machine(
                options.command,
                results=(options.results or Path(scratch)).resolve(),
                folder=Path.cwd(),
                environment=environment,
            ) as machine:
                return machine.wait(options.timeout)
        except (MachineFailed, KernelMissing) as failure:
            print(f"vm: {failure}", file=sys.stderr)
            return 124


if __name__ == "__main__":
    sys.exit(main())
