"""Runs the tiers of the tests, each as one pytest, and adds up their reports. Called by ./test, in the environment.

Tiers that run `beside` the others have their output in reports/<tier>/output, and it is shown when they have ended.

The table of tiers, and which test belongs to which, is tests/support/tiffin_testing/tiers.py.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "tests/support"))

from tiffin_testing import ordinary_user  # noqa: E402
from tiffin_testing.running import Running, run_in_time  # noqa: E402
from tiffin_testing.tiers import BY_NAME, TIERS, Tier  # noqa: E402

REPORTS = Path(os.environ.get("TIFFIN_REPORTS", ROOT / "reports"))
NO_TESTS = 5  # pytest's exit code when it has selected none


@dataclass(frozen=True)
class Result:
    """What one tier came to."""

    tier: Tier
    passed: int
    failed: int
    skipped: int
    seconds: float
    problem: str = ""

    @property
    def ok(self) -> bool:
        return not self.failed and not self.problem


def parse(arguments: Sequence[str]) -> tuple[list[Tier], list[str]]:
    rows = "\n".join(
        f"  {tier.name:13} {tier.meaning}{'' if tier.by_default else ' (not by default)'}" for tier in TIERS
    )
    parser = argparse.ArgumentParser(
        prog="./test",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        description="Sets up what the tests need and runs them; all other arguments go to pytest.",
        epilog=f"tiers:\n{rows}",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--tier", action="append", choices=[*BY_NAME, "all"], help="run this tier (repeatable)"
    )
    options, rest = parser.parse_known_args(arguments)
    asked: list[str] = options.tier or [tier.name for tier in TIERS if tier.by_default]
    return [tier for tier in TIERS if tier.name in asked or "all" in asked], rest


def command_for(tier: Tier, report: Path, arguments: Sequence[str]) -> list[str]:
    """pytest on one tier; as an ordinary user where the tier is about one, and this is root."""
    pytest = [sys.executable, "-m", "pytest", "--tier", tier.name, f"--junitxml={report}", *arguments]
    if not (tier.as_ordinary_user and os.geteuid() == 0):
        return pytest
    reach = [part for path in (ROOT, sys.prefix, sys.base_prefix) for part in ("--reach", str(path))]
    return [
        sys.executable,
        ordinary_user.__file__,
        *reach,
        "--",
        *pytest,
        "-o",
        f"cache_dir={report.parent}/cache",
    ]


def own_mounts() -> list[str]:
    """What a command begins with to have a mount namespace of its own: mounts of one tier are no leaks of another."""
    prefix = ["unshare", "--mount", "--propagation", "private", "--"]
    if os.geteuid() != 0 or shutil.which(prefix[0]) is None:
        return []
    allowed = subprocess.run([*prefix, "true"], stderr=subprocess.DEVNULL, check=False).returncode == 0
    return prefix if allowed else []


def prepare_report(tier: Tier) -> Path:
    """A new folder that the tier's user can write to."""
    folder = REPORTS / tier.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if tier.as_ordinary_user and os.geteuid() == 0:
        os.chown(folder, ordinary_user.UID, ordinary_user.UID)
    return folder / "junit.xml"


def count(report: Path) -> tuple[int, int, int]:
    """Passed, failed (errors count as failed) and skipped, from a junit report."""
    total = failed = skipped = 0
    for suite in ElementTree.parse(report).getroot().iter("testsuite"):
        total += int(suite.get("tests", 0))
        failed += int(suite.get("failures", 0)) + int(suite.get("errors", 0))
        skipped += int(suite.get("skipped", 0))
    return max(total - failed - skipped, 0), failed, skipped


def run_tier(tier: Tier, arguments: Sequence[str], running: Running) -> Result:
    """Runs it, with its output on ours."""
    print(f"\n=== {tier.name}: {tier.meaning}", flush=True)
    return measured(tier, arguments, prepare_report(tier), None, running)


def run_beside(tiers: Sequence[Tier], arguments: Sequence[str], running: Running) -> list[Result]:
    """Runs some, one after the other, each with its output in a file that is shown when it has ended."""
    results = []
    for tier in tiers:
        report = prepare_report(tier)
        path = report.with_name("output")
        print(f"\n=== {tier.name} runs beside the others; its output is shown when it has ended", flush=True)
        with path.open("wb") as output:
            results.append(measured(tier, arguments, report, output, running))
        print(f"\n=== {tier.name}: {tier.meaning}\n{path.read_text(errors='replace')}", flush=True)
    return results


def measured(
    tier: Tier, arguments: Sequence[str], report: Path, output: BinaryIO | None, running: Running
) -> Result:
    if tier.needs_root and os.geteuid() != 0:
        return Result(tier, 0, 0, 0, 0.0, problem="needs root" if os.environ.get("CI") else "")
    began = time.monotonic()
    command = [*own_mounts(), *command_for(tier, report, arguments)]
    code = run_in_time(command, tier.minutes * 60, output, running)
    seconds = time.monotonic() - began
    if not report.exists():
        return Result(tier, 0, 1, 0, seconds, problem=f"no report (exit code {code})")
    passed, failed, skipped = count(report)
    problem = ""
    if code is None:
        problem = f"its {tier.minutes} minutes were over"
    elif code == NO_TESTS:
        problem = "" if arguments else "no test in this tier"
    elif code != 0 and not failed:
        problem = f"pytest's exit code {code}"
    return Result(tier, passed, failed + (code is None), skipped, seconds, problem)


def print_summary(results: Sequence[Result]) -> None:
    print("\ntier          passed failed skipped  seconds")
    for each in results:
        counts = f"{each.passed:6} {each.failed:6} {each.skipped:7} {each.seconds:8.1f}"
        print(f"{each.tier.name:13} {counts}  {each.problem}".rstrip())
    sums = (sum(getattr(each, name) for each in results) for name in ("passed", "failed", "skipped"))
    print("\n{} passed, {} failed, {} skipped".format(*sums), flush=True)


def main(arguments: Sequence[str]) -> int:
    tiers, rest = parse(arguments)
    running = Running(ROOT)
    with ThreadPoolExecutor(1) as pool:
        try:
            beside = pool.submit(run_beside, [tier for tier in tiers if tier.beside], rest, running)
            results = [run_tier(tier, rest, running) for tier in tiers if not tier.beside]
            results += beside.result()
        except KeyboardInterrupt:
            running.stop()
            raise
    print_summary(results)
    return 0 if all(each.ok for each in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
