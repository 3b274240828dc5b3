"""Makes the virtual environment with every package of this checkout: only those steps that are out of date.

Called by ./tiffin and ./test. Needs nothing but the standard library of the Python that the environment is made with.
Packages are installed editable, so that a change of a source file counts at once; where the checkout is not this
user's to write to, they are installed from a copy. What is fetched is checked against the hashes in 3rdparty/python.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

LOCKS = "3rdparty/python"
BUILT = {"build", "dist", "__pycache__"}  # made by builds, inside the packages
ATTEMPTS = 3  # of a download
PAUSE = 2.0  # seconds before the second attempt, doubled before the third


class SetupError(Exception):
    """Something that the user has to do first; the text says what."""


@dataclass(frozen=True)
class Checkout:
    """Where the sources are, where the environment shall be, and whether the sources may be written to."""

    root: Path
    venv: Path

    @property
    def editable(self) -> bool:
        return self.venv.parent == self.root

    @property
    def python(self) -> str:
        return str(self.venv / "bin/python")

    def packages(self) -> list[Path]:
        return sorted(path.parent for path in self.root.glob("packages/*/pyproject.toml"))

    def inputs_of(self, package: Path) -> Iterator[Path]:
        """Files and folders from which a package is built; sources that are used in place do not count."""
        for folder, names, files in os.walk(package):
            here = Path(folder)
            names[:] = sorted(name for name in names if name not in BUILT and not name.endswith(".egg-info"))
            if here == package:
                names[:] = [
                    name for name in names if name != "tests" and not (self.editable and name == "src")
                ]
            else:
                yield here
            yield from (here / name for name in sorted(files) if not name.endswith((".pyc", ".md")))


@dataclass(frozen=True)
class Step:
    """One step: it is run again when one of its inputs changed."""

    title: str
    inputs: list[Path]
    run: Callable[[], None]

    def digest(self) -> str:
        total = hashlib.sha256(self.title.encode())
        for path in self.inputs:
            total.update(f"\0{path}\0".encode())
            total.update(path.read_bytes() if path.is_file() else b"")
        return total.hexdigest()


def say(text: str) -> None:
    print(f"tiffin: {text}", file=sys.stderr, flush=True)


def call(command: list[str], log: Path, *, attempts: int = 1) -> None:
    """Runs a command with its output in the log; shows the end of the log if it fails for good."""
    pause, exit_code = PAUSE, 0
    for left in reversed(range(attempts)):
        with log.open("ab") as output:
            output.write(f"\n$ {' '.join(command)}\n".encode())
            output.flush()
            exit_code = subprocess.call(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        if exit_code == 0:
            return
        if left:
            say(f"that failed; again in {pause:g} s")
            time.sleep(pause)
            pause *= 2
    tail = "\n".join(log.read_text(errors="replace").splitlines()[-25:])
    raise SetupError(
        f"{' '.join(command[:6])} ... failed with exit code {exit_code}; the end of {log}:\n{tail}"
    )


def runs(*command: str) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def make_venv(checkout: Checkout, log: Path) -> None:
    """An environment with the locked pip in it, by this Python's pip or else by ensurepip (Debian has them apart)."""
    shutil.rmtree(checkout.venv, ignore_errors=True)
    call([sys.executable, "-I", "-m", "venv", "--without-pip", str(checkout.venv)], log)
    if runs(sys.executable, "-m", "pip", "--python", checkout.python, "--version"):
        pip = [sys.executable, "-m", "pip", "--python", checkout.python]
    elif runs(checkout.python, "-m", "ensurepip"):
        pip = [checkout.python, "-m", "pip"]
    else:
        raise SetupError(
            f"{sys.executable} has neither pip nor ensurepip (on Debian: apt install python3-pip)"
        )
    lock = str(checkout.root / LOCKS / "build.lock")
    call([*pip, "install", "--quiet", "--require-hashes", "-r", lock], log, attempts=ATTEMPTS)


def install_locked(checkout: Checkout, lock: str, log: Path) -> None:
    """What one lock file holds."""
    path = str(checkout.root / LOCKS / lock)
    call(
        [checkout.python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", path],
        log,
        attempts=ATTEMPTS,
    )


def need_compiler(log: Path) -> None:
    """The C core is built with gcc; root gets it from Debian, an ordinary user is told."""
    if shutil.which("gcc") or shutil.which("cc"):
        return
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise SetupError("needs gcc to build the C core (on Debian: apt install gcc libc6-dev)")
    say("installing gcc from Debian")
    os.environ["DEBIAN_FRONTEND"] = "noninteractive"
    call(["apt-get", "update"], log, attempts=ATTEMPTS)
    call(
        ["apt-get", "install", "--yes", "--no-install-recommends", "gcc", "libc6-dev"], log, attempts=ATTEMPTS
    )


def install_package(checkout: Checkout, package: Path, log: Path) -> None:
    """One package, without what it requires: that is there already, from the locks."""
    need_compiler(log)
    pip = [
        checkout.python,
        "-m",
        "pip",
        "install",
        "--quiet",
        "--no-deps",
        "--no-index",
        "--no-build-isolation",
    ]
    if checkout.editable:
        call([*pip, "--editable", str(package)], log)
        return
    copy = checkout.venv.parent / "source" / package.name
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(package, copy, ignore=shutil.ignore_patterns(*BUILT, "*.egg-info", "tests"))
    call([*pip, "--force-reinstall", str(copy)], log)


def steps(checkout: Checkout, log: Path, *, with_tests: bool) -> list[Step]:
    """The table of steps, in order. The first one makes everything new."""
    locks = checkout.root / LOCKS
    version = ".".join(map(str, sys.version_info[:3]))
    table = [
        Step(f"a virtual environment for Python {version} in {checkout.venv}", [locks / "build.lock"],
             partial(make_venv, checkout, log)),
        Step("what the packages require", [locks / "default.lock"],
             partial(install_locked, checkout, "default.lock", log)),
    ]  # fmt: skip
    if with_tests:
        table.append(
            Step(
                "the tools of the tests",
                [locks / "dev.lock"],
                partial(install_locked, checkout, "dev.lock", log),
            )
        )
    for package in checkout.packages():
        inputs = sorted(checkout.inputs_of(package))
        table.append(
            Step(f"packages/{package.name}", inputs, partial(install_package, checkout, package, log))
        )
    return table


def run_steps(checkout: Checkout, log: Path, *, with_tests: bool) -> None:
    """Runs the steps that are out of date, and then says so in `ready`."""
    done_file, ready = checkout.venv / "steps.json", checkout.venv / "ready"
    began, clock = time.time(), time.monotonic()
    table = steps(checkout, log, with_tests=with_tests)
    done: dict[str, str] = json.loads(done_file.read_text()) if done_file.exists() else {}
    first = table[0]
    if done.get(first.title) != first.digest():
        done = {}
    ready.unlink(missing_ok=True)
    for step in table:
        digest = step.digest()
        if done.get(step.title) != digest:
            say(step.title)
            step.run()
            done[step.title] = digest
            done_file.write_text(json.dumps(done, indent=1))
    inputs = [path.relative_to(checkout.root) for step in table for path in step.inputs]
    new = checkout.venv / "ready.new"
    new.write_text("\n".join(map(str, [checkout.root, "packages", *inputs])) + "\n")
    os.utime(new, (began, began))  # a change during the set-up counts as newer
    new.rename(ready)
    say(f"ready after {time.monotonic() - clock:.1f} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--checkout", type=Path, required=True)
    parser.add_argument("--venv", type=Path, required=True)
    parser.add_argument("--with-tests", action="store_true")
    options = parser.parse_args()
    checkout = Checkout(options.checkout, options.venv)
    checkout.venv.parent.mkdir(parents=True, exist_ok=True)
    log = checkout.venv.with_name(checkout.venv.name + ".log")
    with checkout.venv.with_name(checkout.venv.name + ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two first calls at the same time
        log.unlink(missing_ok=True)
        try:
            run_steps(checkout, log, with_tests=options.with_tests)
        except SetupError as error:
            say(str(error))
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
