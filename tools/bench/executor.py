#!/usr/bin/env python3
"""Times the executor's verbs against a peer, alternating, and prints ratios of medians.

    tools/bench/executor.py --ours .venv/bin/tiffin-runtime --peer runc --rounds 20 [--markdown]

Both run the same bundle (busybox from /bin/busybox, runc's default config). Each round runs every verb once with
ours and once with the peer, in turn, so that a drift of the machine's speed meets both. The state of both lies on a
tmpfs, as /run does on most hosts. Figures are of the whole process: wall time as its parent sees it, and in rounds of
their own the peak of resident memory of the command and what it waited for.
"""

from __future__ import annotations

import argparse
import json
import os
import select
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

TIME = "/usr/bin/time"  # of Debian's package time; without it there are no figures of memory
TMPFS = "/dev/shm"  # where the state of both lies: /run is one, on a host that is set up as usual
VERBS = ("run", "create", "start", "state", "exec", "kill", "delete")
LIFE = ("create", "start", "kill", "delete")


@dataclass
class Samples:
    """What was measured of one runtime: per verb, wall seconds and peak kB."""

    wall: dict[str, list[float]] = field(default_factory=lambda: {verb: [] for verb in VERBS})
    peak: dict[str, list[int]] = field(default_factory=lambda: {verb: [] for verb in VERBS})


@dataclass(frozen=True)
class Subject:
    """A runtime under measurement, with a state directory of its own."""

    name: str
    command: tuple[str, ...]
    root: Path

    def call(self, verb: str, *arguments: str) -> float:
        """Runs one verb; returns its wall seconds. Raises RuntimeError if it fails."""
        return self._run([*self.command, "--root", str(self.root), verb, *arguments])

    def peak_of(self, verb: str, *arguments: str) -> int:
        """Runs one verb under time(1); returns the peak of resident memory in kB.

        Not by wait4(2) here: a spawned process counts the memory of its parent until it calls execve.
        """
        report = self.root.with_suffix(".peak")
        before = [TIME, "--format=%M", f"--output={report}"]
        self._run([*before, *self.command, "--root", str(self.root), verb, *arguments])
        return int(report.read_text())

    def _run(self, argv: list[str]) -> float:
        null = (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0)
        actions = [null, (os.POSIX_SPAWN_DUP2, 0, 1)]
        begin = time.perf_counter()
        pid = os.posix_spawn(argv[0], argv, os.environ, file_actions=actions)
        _, status = os.waitpid(pid, 0)
        wall = time.perf_counter() - begin
        if status != 0:
            raise RuntimeError(f"{' '.join(argv)}: exit status {os.waitstatus_to_exitcode(status)}")
        return wall

    def pid_of(self, container: str) -> int:
        argv = [*self.command, "--root", str(self.root), "state", container]
        document = json.loads(subprocess.run(argv, check=True, capture_output=True).stdout)
        return int(document["pid"])


@contextmanager
def bundles() -> Iterator[tuple[Path, Path]]:
    """Two bundles on one root file system: one runs /bin/true, one sleeps."""
    with tempfile.TemporaryDirectory(prefix="tiffin-bench-") as folder:
        base = Path(folder)
        (base / "true").mkdir()
        (base / "true/rootfs/bin").mkdir(parents=True)
        for name in ("proc", "sys", "dev", "tmp", "etc"):
            (base / "true/rootfs" / name).mkdir()
        shutil.copy("/bin/busybox", base / "true/rootfs/bin/busybox")
        for name in ("true", "sleep", "sh"):
            (base / "true/rootfs/bin" / name).symlink_to("busybox")
        subprocess.run(["runc", "spec", "-b", str(base / "true")], check=True)
        shutil.copytree(base / "true", base / "sleep", symlinks=True)
        for name, command in (("true", ["/bin/true"]), ("sleep", ["/bin/sleep", "1000"])):
            path = base / name / "config.json"
            config = json.loads(path.read_text())
            config["process"]["terminal"] = False
            config["process"]["args"] = command
            path.write_text(json.dumps(config))
        yield base / "true", base / "sleep"


def one_round(
    subject: Subject,
    samples: Samples,
    number: int,
    bundle_true: Path,
    bundle_sleep: Path,
    *,
    memory: bool = False,
) -> None:
    """Each verb once; the wait for the end of a killed process is not counted.

    Args:
        memory: measure the peak instead of the time.
    """

    def measure(verb: str, *arguments: str) -> None:
        if memory:
            samples.peak[verb].append(subject.peak_of(verb, *arguments))
        else:
            samples.wall[verb].append(subject.call(verb, *arguments))

    container = f"bench-{os.getpid()}-{number}"
    measure("run", "--bundle", str(bundle_true), container)
    measure("create", "--bundle", str(bundle_sleep), container)
    descriptor = os.pidfd_open(subject.pid_of(container))
    try:
        measure("start", container)
        measure("state", container)
        measure("exec", container, "/bin/true")
        measure("kill", container, "KILL")
        select.select([descriptor], [], [])  # readable when the process has ended
    finally:
        os.close(descriptor)
    measure("delete", container)


def rows(ours: Samples, peer: Samples) -> Iterator[tuple[str, float, float, float, int, int]]:
    """(verb, our ms, peer's ms, ratio, our peak, peer's peak); the last row is the life of a container."""

    def median(samples: Samples, verb: str) -> float:
        return statistics.median(samples.wall[verb]) * 1000

    for verb in VERBS:
        mine, theirs = median(ours, verb), median(peer, verb)
        peak, peer_peak = (max(samples.peak[verb], default=0) for samples in (ours, peer))
        yield verb, mine, theirs, mine / theirs, peak, peer_peak
    mine, theirs = (sum(median(samples, verb) for verb in LIFE) for samples in (ours, peer))
    yield " + ".join(LIFE), mine, theirs, mine / theirs, 0, 0


def report(ours: Samples, peer: Samples, names: tuple[str, str], *, markdown: bool) -> None:
    head = ("verb", f"{names[0]} ms", f"{names[1]} ms", "ratio", f"{names[0]} peak kB", f"{names[1]} peak kB")
    form: Callable[..., str] = (
        "| {} | {} | {} | {} | {} | {} |" if markdown else "{:32} {:>14} {:>10} {:>6} {:>22} {:>14}"
    ).format
    print(form(*head))
    if markdown:
        print("|---|---|---|---|---|---|")
    for verb, mine, theirs, ratio, peak, peer_peak in rows(ours, peer):
        print(form(verb, f"{mine:.1f}", f"{theirs:.1f}", f"{ratio:.2f}", peak or "", peer_peak or ""))


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ours", default=".venv/bin/tiffin-runtime")
    parser.add_argument("--peer", default="runc")
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--markdown", action="store_true")
    options = parser.parse_args()
    found = {name: shutil.which(getattr(options, name)) for name in ("ours", "peer")}
    for name, path in found.items():
        if path is None:
            parser.error(f"--{name}: no such program: {getattr(options, name)}")
    with (
        bundles() as (bundle_true, bundle_sleep),
        tempfile.TemporaryDirectory(prefix="tiffin-bench-root-", dir=TMPFS) as roots,
    ):
        subjects = [
            Subject(
                name,
                (str(Path(path).resolve()) if name == "peer" else str(Path(path).absolute()),),
                Path(roots, name),
            )
            for name, path in found.items()
            if path
        ]
        samples = {subject.name: Samples() for subject in subjects}
        one_warm_up = {subject.name: Samples() for subject in subjects}
        for number in range(options.rounds + 1):
            for subject in subjects:
                kept = one_warm_up if number == 0 else samples
                one_round(subject, kept[subject.name], number, bundle_true, bundle_sleep)
        if os.access(TIME, os.X_OK):
            for number in range(options.rounds + 1, options.rounds + 4):
                for subject in subjects:
                    one_round(subject, samples[subject.name], number, bundle_true, bundle_sleep, memory=True)
    report(
        samples["ours"],
        samples["peer"],
        (Path(options.ours).name, Path(options.peer).name),
        markdown=options.markdown,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
