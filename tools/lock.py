#!/usr/bin/env python3
"""Writes 3rdparty/python/*.lock: every distribution that we use, pinned with hashes, without the address of any index.

    tools/lock.py            resolve anew (within what the .in files and the packages' pyproject.toml ask for)
    tools/lock.py --check    without a network: does each lock hold what is asked for? (exit 1 if not)

default.lock  what the packages need at run time: `dependencies` of packages/*/pyproject.toml
build.lock    what builds them, and pip: build.in; build-system.requires of the packages must say the same
dev.lock      what tests and lints them: dev.in
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ROOT / "3rdparty/python"
UV = ["uv", "pip", "compile", "--quiet", "--universal", "--python-version", "3.11", "--generate-hashes"]
NO_ADDRESSES = ["--no-emit-index-url", "--no-emit-find-links", "--no-header", "--no-annotate"]


def name_of(requirement: str) -> str:
    """The normalised name of the distribution in a requirement, PEP 503."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\s<>=!~;\[(]", requirement.strip(), maxsplit=1)[0]).lower()


def packages() -> list[dict[str, dict[str, Any]]]:
    """The decoded pyproject.toml of every package."""
    return [tomllib.loads(path.read_text()) for path in sorted(ROOT.glob("packages/*/pyproject.toml"))]


def runtime_requirements() -> list[str]:
    """What the packages ask for, their extras too, apart from each other."""
    ours = {"tiffin", *(f"tiffin-{folder.name}" for folder in (ROOT / "packages").iterdir())}
    asked: set[str] = set()
    for package in packages():
        asked.update(package["project"].get("dependencies", []))
        for extra in package["project"].get("optional-dependencies", {}).values():
            asked.update(extra)
    return sorted(line for line in asked if name_of(line) not in ours)


def listed(name: str) -> list[str]:
    """The requirements of an .in file."""
    lines = (line.partition("#")[0].strip() for line in (LOCKS / name).read_text().splitlines())
    return [line for line in lines if line]


def wanted() -> dict[str, list[str]]:
    """Lock to what it must hold."""
    return {
        "default.lock": runtime_requirements(),
        "build.lock": listed("build.in"),
        "dev.lock": listed("dev.in"),
    }


def resolve(lock: str, requirements: list[str]) -> None:
    """Runs uv; dev.lock agrees with default.lock where both hold a distribution."""
    agree = ["--constraint", str(LOCKS / "default.lock")] if lock == "dev.lock" else []
    done = subprocess.run(
        [*UV, *NO_ADDRESSES, *agree, "-"],
        input="\n".join(requirements),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        sys.exit(f"tools/lock.py: {lock}: {done.stderr}")
    (LOCKS / lock).write_text(done.stdout)


def pins(lock: str) -> dict[str, str]:
    """Distribution to version, as the lock holds them."""
    return {
        name_of(name): version
        for name, version in re.findall(r"^([\w.-]+)==([^\s;]+)", (LOCKS / lock).read_text(), re.MULTILINE)
    }


def problems() -> list[str]:
    """What the locks lack, and what they should not say."""
    found = [
        f"{lock} lacks {line}: run tools/lock.py"
        for lock, lines in wanted().items()
        for line in lines
        if name_of(line) not in pins(lock)
    ]
    found += [f"{lock} holds an address" for lock in wanted() if "://" in (LOCKS / lock).read_text()]
    built_with = pins("build.lock")
    for package in packages():
        for line in package["build-system"]["requires"]:
            if line.replace(" ", "") != f"{name_of(line)}=={built_with.get(name_of(line))}":
                found.append(
                    f"{package['project']['name']}: build-system.requires says {line}, build.lock another"
                )
    return found


def main(arguments: list[str]) -> int:
    if "--check" not in arguments:
        for lock, requirements in wanted().items():
            resolve(lock, requirements)
    found = problems()
    for line in found:
        print(f"tools/lock.py: {line}", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
